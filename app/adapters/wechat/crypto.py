"""WeChat's message encryption.

In: the base64 text of `Encrypt`, an EncodingAESKey, an appid. Out: the plain bytes, or Refused; and the reverse. Never
here: HTTP.

Source: WeChat "message-push" and "encryption" pages: AES-256-CBC with the key's first 16 bytes as IV; PKCS#7 to blocks of 32
bytes; the plain text is 16 random bytes, the message's length in 4 bytes big-endian, the message, the appid.
"""

import base64

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from app.adapters.protocol import Refused, Secrets
from app.adapters.signatures import from_base64, same, sha1_of_sorted

BLOCK = 32
_HEAD = 20
KEY_PATTERN = r"[A-Za-z0-9+/]{43}"
# One error for every failure: the kind of failure would help an attacker to forge messages.
_UNREADABLE = "the encrypted message cannot be read with this connection's key and appid"


def _cipher(encoding_aes_key: str) -> Cipher[CBC]:
    key = base64.b64decode(encoding_aes_key + "=")
    return Cipher(AES(key), CBC(key[:16]))


def decrypt(encrypted: str, encoding_aes_key: str, appid: str) -> bytes:
    """Return the message inside `Encrypt`.

    Raises:
        Refused: 401 when the key, the padding, the length or the appid is not right.
    """
    data = from_base64(encrypted)
    if not data or len(data) % 16:
        raise Refused(401, _UNREADABLE)
    decryptor = _cipher(encoding_aes_key).decryptor()
    plain = decryptor.update(data) + decryptor.finalize()
    pad = plain[-1]
    if not 1 <= pad <= BLOCK or len(plain) < _HEAD + pad or plain[-pad:] != bytes([pad]) * pad:
        raise Refused(401, _UNREADABLE)
    content = plain[16:-pad]
    size = int.from_bytes(content[:4], "big")
    message, owner = content[4 : 4 + size], content[4 + size :]
    if len(message) != size or not same(owner, appid):
        raise Refused(401, _UNREADABLE)
    return message


def encrypt(message: bytes, encoding_aes_key: str, appid: str, random16: bytes) -> str:
    """Return `Encrypt` for a message; `random16` is 16 fresh random bytes."""
    content = random16 + len(message).to_bytes(4, "big") + message + appid.encode()
    pad = BLOCK - len(content) % BLOCK
    encryptor = _cipher(encoding_aes_key).encryptor()
    return base64.b64encode(encryptor.update(content + bytes([pad]) * pad) + encryptor.finalize()).decode()


def encrypted_reply(message: bytes, secrets: Secrets, random16: bytes, timestamp: int, nonce: str) -> dict[str, str | int]:
    """Return an encrypted answer, or push, with its signature. `success` and an empty answer need none."""
    cipher = encrypt(message, secrets["encoding_aes_key"], secrets["appid"], random16)
    signature = sha1_of_sorted(secrets["token"], str(timestamp), nonce, cipher)
    return {"Encrypt": cipher, "MsgSignature": signature, "TimeStamp": timestamp, "Nonce": nonce}
