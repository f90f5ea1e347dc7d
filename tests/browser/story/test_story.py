"""An agency works without a terminal: from the first link to the second revision, by clicks and keys."""

from pathlib import Path

import pytest

from tests.browser.story import broadcasting, client, closing, planning, setting_up
from tests.browser.story.broadcasting import Platforms
from tests.browser.story.closing import Drafts
from tests.browser.story.conftest import Agency
from tests.browser.story.setting_up import sign_in

MOST_CLICKS = 15


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_agency_works_without_a_terminal(agency: Agency, tmp_path: Path) -> None:
    """Brand, people, shop, channel; plan, copy, rehearsal, show; alert, lost network; import, drafts, release, link, refund."""
    troubles: list[str] = agency.open_page.troubles  # type: ignore[attr-defined]
    administrator = sign_in(agency.open_page, agency.first_link)
    setting_up.set_up_brand(administrator)
    operator_link = setting_up.invite_operator(administrator)
    shop = setting_up.connect_shop(administrator, agency.wechat)
    platforms = Platforms(shop, setting_up.connect_click_counter(administrator))
    setting_up.add_channel(administrator, agency.bots)

    operator = sign_in(agency.open_page, operator_link, permissions=["clipboard-read", "clipboard-write"])
    drafts = Drafts()
    drafts.watch(operator)
    begins = planning.plan_a_show(operator)
    clicks = planning.copy_to_next_week(operator, begins)
    print(f"a show like the last one: {clicks} clicks")
    assert clicks < MOST_CLICKS
    planning.rehearse(operator)
    planning.make_it_the_show(operator)

    broadcasting.run_the_show(operator, platforms, agency)
    broadcasting.sell_out(operator, platforms)
    broadcasting.work_together(operator, administrator)
    broadcasting.lose_the_network(operator, administrator, troubles)
    broadcasting.see_the_message(operator, agency)
    at = broadcasting.end_the_show(operator)

    closing.import_orders(operator, at, tmp_path)
    closing.bind_codes(operator)
    closing.sum_up(operator, drafts)
    link = closing.release(operator, drafts)

    guest, received = client.open_link(agency.open_page, link)
    first = client.read(guest, 1)
    client.look_at_the_live_screen(guest, received)
    broadcasting.take_back(platforms, agency, operator)
    closing.see_the_change(operator)
    guest.reload()
    assert first == client.read(guest, 1), "a revision stays as it was"
    closing.release_again(operator)
    guest.reload()
    client.read(guest, 2)
    client.nothing_internal(received, drafts)
