"""The actions of the API's write routes, as the audit log names them.

In: a request whose caller is known. Out: its action. Never here: bodies; the row itself (`storage.audit`).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from fastapi import Request

from app.catalogue.access import Principal
from app.observability.logs import request_id
from app.storage.audit import Action, Actor

ACTIONS: Mapping[str, str] = {
    "act_at_desk": "desk_action.create",
    "add_lineup_item": "lineup_item.create",
    "add_product_alias": "product_alias.create",
    "add_settlement_line": "settlement_line.create",
    "cancel_job": "job.cancel",
    "copy_session": "session.copy",
    "create_brand": "brand.create",
    "create_channel": "channel.create",
    "create_connection": "connection.create",
    "create_contract": "contract.create",
    "create_key": "key.create",
    "create_note": "note.create",
    "create_person": "person.create",
    "create_product": "product.create",
    "create_promotion": "promotion.create",
    "create_session": "session.create",
    "create_share_link": "share_link.create",
    "create_sign_in_link": "sign_in_link.create",
    "create_stream": "stream.create",
    "create_void": "void.create",
    "decide_stream_claim": "stream_claim.decide",
    "delete_brand_logo": "brand_logo.delete",
    "delete_channel": "channel.delete",
    "delete_connection": "connection.delete",
    "delete_contract": "contract.delete",
    "delete_exchange_rate": "exchange_rate.delete",
    "delete_note": "note.delete",
    "delete_person": "person.delete",
    "delete_product": "product.delete",
    "delete_promotion": "promotion.delete",
    "delete_session": "session.delete",
    "delete_settlement": "settlement.delete",
    "delete_stream": "stream.delete",
    "delete_void": "void.delete",
    "discard_parked_events": "parked_events.delete",
    "discard_dead_letter": "dead_letter.delete",
    "discard_dead_letters": "dead_letters.delete",
    "draft_settlement": "settlement.draft",
    "finalize_session": "revision.create",
    "forget_customer": "customer.forget",
    "give_alert_back": "alert.give_back",
    "import_csv": "import.create",
    "issue_settlement": "settlement.issue",
    "put_brand_logo": "brand_logo.update",
    "put_cartons": "carton.update",
    "put_plan": "plan.update",
    "put_exchange_rate": "exchange_rate.update",
    "remove_lineup_item": "lineup_item.delete",
    "remove_product_alias": "product_alias.delete",
    "remove_settlement_line": "settlement_line.delete",
    "replace_lineup": "lineup.update",
    "replay_channel_delivery": "channel.replay",
    "replay_dead_letter": "dead_letter.replay",
    "replay_dead_letters": "dead_letters.replay",
    "replay_parked_events": "parked_events.replay",
    "revoke_key": "key.revoke",
    "revoke_share_link": "share_link.revoke",
    "sign_out_device": "device.delete",
    "sign_out_devices": "device.delete",
    "snooze_alert": "alert.snooze",
    "take_alert": "alert.take",
    "test_channel": "channel.test",
    "update_brand": "brand.update",
    "update_channel": "channel.update",
    "update_connection": "connection.update",
    "update_contract": "contract.update",
    "update_lineup_item": "lineup_item.update",
    "update_note": "note.update",
    "update_person": "person.update",
    "update_product": "product.update",
    "update_promotion": "promotion.update",
    "update_session": "session.update",
}
"""Operation id → action, `resource.verb`. Every route that writes is here or in `NOT_RECORDED`."""

NOT_RECORDED: Mapping[str, str] = {
    "create_stream_ticket": "stores nothing: the ticket is signed, and lasts a minute",
    "preview_mapping": "stores nothing",
    "preview_product_aliases": "stores nothing",
    "read_import_columns": "stores nothing",
    "receive_webhook": "telemetry: the event log keeps it, with its connection",
    "receive_webhook_with_token": "telemetry: the event log keeps it, with its connection",
    "send_events": "telemetry: the event log keeps it, with its key",
    "sign_in": "has its row, `device.create`, with the actor that the secret names; guests have none",
    "sign_out": "ends the caller's own sign-in and changes nothing else",
    "test_connection": "stores nothing",
}
"""Operation id of a route with an unsafe method → why the audit log has no row of it."""

_OWN_COLUMNS = frozenset({"session", "brand"})


def action_of(request: Request, principal: Principal) -> Action | None:
    """Return the action of a request; None if its route is not recorded."""
    name = ACTIONS.get(getattr(request.scope.get("route"), "operation_id", ""))
    if name is None:
        return None
    actor = Actor(principal.kind, principal.id, principal.name, principal.brand_id, _address(request), request_id())
    parameters = dict(request.path_params)
    session, slug = parameters.get("session"), parameters.get("brand")
    named = "/".join(value for parameter, value in parameters.items() if parameter not in _OWN_COLUMNS)
    # The path of a session's own route names the session alone, and that of a brand the brand.
    return Action(
        name, actor, datetime.now(UTC), object_id=named or parameters.get(name.partition(".")[0]),
        session_id=_uuid(session), brand_slug=slug,
    )  # fmt: skip


def sign_in_action(request: Request, now: datetime) -> Action:
    """Return the action of a sign-in, whose actor is known once the secret is verified."""
    return Action("device.create", Actor("", "", None, None, _address(request), request_id()), now)


def _address(request: Request) -> str | None:
    return request.app.state.proxies.client_address(request.scope, dict(request.scope["headers"])) or None


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
