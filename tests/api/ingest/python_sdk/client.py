"""Makes HTTP messages with the CloudEvents SDK for Python that is installed, version 1 or 2.

In: a JSON array of {"mode", "attributes", "data", "bytes"} as the argument. Out: a JSON array of {"headers", "body"} on standard
output, the body in base64. Never here: the network.
"""

import base64
import json
import sys
from datetime import datetime
from typing import Any


def _version_1(mode: str, attributes: dict[str, Any], data: Any) -> tuple[dict[str, str], bytes]:
    from cloudevents.http import CloudEvent, to_binary, to_structured  # type: ignore[import-not-found]  # noqa: PLC0415  # of version 1 alone

    event = CloudEvent(attributes, data)
    headers, body = (to_binary if mode == "binary" else to_structured)(event)
    return dict(headers), body


def _version_2(mode: str, attributes: dict[str, Any], data: Any) -> tuple[dict[str, str], bytes]:
    from cloudevents.core.bindings.http import to_binary_event, to_structured_event  # noqa: PLC0415
    from cloudevents.core.v1.event import CloudEvent  # noqa: PLC0415

    moment = datetime.fromisoformat(attributes["time"])
    event = CloudEvent({"specversion": "1.0", **attributes, "time": moment}, data)
    message = to_binary_event(event) if mode == "binary" else to_structured_event(event)
    return dict(message.headers), message.body


def main() -> None:
    """Write the messages."""
    try:
        import cloudevents.core  # noqa: F401, PLC0415
    except ImportError:
        make = _version_1
    else:
        make = _version_2
    answers = []
    for case in json.loads(sys.argv[1]):
        data = json.dumps(case["data"]).encode() if case["bytes"] else case["data"]
        headers, body = make(case["mode"], case["attributes"], data)
        if case["mode"] == "batch":
            # Neither version writes batches: an array of its structured events is one.
            headers, body = {"content-type": "application/cloudevents-batch+json"}, b"[" + body + b"]"
        answers.append({"headers": dict(headers), "body": base64.b64encode(body).decode()})
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
