"""The limit: a FastAPI application whose routes read the body and respond.

In: requests. Out: a constant. Never here: any other work.
"""

import sys

import uvicorn
from fastapi import FastAPI, Request, Response

app = FastAPI()
ANSWER = b'{"accepted":1,"duplicates":0,"parked":0,"rejected":[]}'


@app.post("/noop")
async def noop(request: Request) -> Response:
    """Read the body and respond."""
    await request.body()
    return Response(ANSWER, media_type="application/json")


@app.get("/constant")
async def constant() -> Response:
    """Respond."""
    return Response(ANSWER, media_type="application/json")


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
