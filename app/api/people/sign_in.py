"""Routes of sign-in and sign-out.

In: secrets in bodies. Out: a cookie; who is signed in. Never here: secrets in URLs, bodies of answers or logs.
"""

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from app.api.access.audit_actions import sign_in_action
from app.api.access.authentication import address_of, cookie_principal
from app.api.access.authorization import AnyCaller, AppService
from app.api.access.cookies import SignInCookie
from app.api.access.rate_limits import RateLimits
from app.api.people.me import Me, describe
from app.catalogue.callers import sign_in as signing
from app.catalogue.callers.sign_in import Browser, SignIn
from app.problems import ProblemError, responses

router = APIRouter(prefix="/v1", tags=["people"])


@router.get(
    "/sign-in",
    operation_id="get_sign_in",
    summary="Get who is signed in",
    response_model=Me,
    response_model_exclude_unset=True,
    responses={204: {"description": "No one is signed in"}},
)
async def get_sign_in(request: Request, service: AppService) -> Me | Response:
    """Return whom the cookie of the request names; 204 without a valid one. A page asks this first."""
    cookie: SignInCookie = request.app.state.cookie
    if cookie.secret_of(request.scope) is not None:
        try:
            return await describe(service, await cookie_principal(request.scope))
        except ProblemError as problem:
            if problem.status != 401:
                raise
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


@router.post(
    "/sign-in",
    status_code=204,
    operation_id="sign_in",
    summary="Sign in",
    response_class=Response,
    responses=responses(401, 403, 422, 429),
)
async def sign_in(request: Request, service: AppService, form: SignIn) -> Response:
    """Exchange a sign-in link's token, an API key or a share link's secret for a cookie.

    The cookie is HttpOnly and SameSite=Strict. It is a new one at each sign-in, and valid until 30 days without use.
    """
    state = request.app.state
    cookie: SignInCookie = state.cookie
    limits: RateLimits = state.rate_limits
    if not cookie.may_sign_in(request.scope):
        raise ProblemError(403, "the request comes from another site", code="cross_site")
    now = datetime.now(UTC)
    browser = Browser(request.headers.get("user-agent"), cookie.secret_of(request.scope), sign_in_action(request, now))
    secret = await signing.sign_in(service.database, service.keys, service.devices, form, browser, now)
    limits.addresses.give_back(address_of(request.scope))  # counted before the body was read
    return _with_cookie(request, cookie, secret)


@router.post(
    "/sign-out",
    status_code=204,
    operation_id="sign_out",
    summary="Sign out",
    response_class=Response,
    responses=responses(401, 403),
)
async def sign_out(request: Request, service: AppService, caller: AnyCaller) -> Response:
    """Sign the browser out: its cookie is worth nothing from then on. A key that was sent itself stays valid."""
    cookie: SignInCookie = request.app.state.cookie
    secret = cookie.secret_of(request.scope)
    if secret is not None and caller.device is not None:
        await signing.sign_out(service.database, service.devices, secret)
    return _with_cookie(request, cookie, "")


def _with_cookie(request: Request, cookie: SignInCookie, secret: str) -> Response:
    headers = {"Set-Cookie": cookie.header(request.scope, secret), "Cache-Control": "no-store"}
    return Response(status_code=204, headers=headers)
