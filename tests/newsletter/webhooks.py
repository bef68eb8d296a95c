"""Providers' webhook requests, signed as each of them signs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from django.http import HttpResponse
from django.test import Client
from django.utils.http import urlencode

SECRET = "hook:s3cret"
KEY = "test-signing-key"
SVIX_KEY = base64.b64encode(b"0123456789abcdef01234567").decode()
AUTHORIZATION = "Basic " + base64.b64encode(SECRET.encode()).decode()


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def public(key: Any) -> str:
    """The middle of a PEM, as Anymail's settings want it."""
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(der).decode()


def keys() -> dict[str, Any]:
    """Anymail settings under which post() is believed."""
    return {
        "WEBHOOK_SECRET": SECRET,
        "MAILERSEND_SIGNING_SECRET": KEY,
        "MAILGUN_WEBHOOK_SIGNING_KEY": KEY,
        "MAILTRAP_TRACKING_SECRET": KEY,
        "MANDRILL_WEBHOOK_KEY": KEY,
        "POSTAL_WEBHOOK_KEY": public(rsa_key()),
        "RESEND_SIGNING_SECRET": f"whsec_{SVIX_KEY}",
        "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": public(ec_key()),
        "UNISENDER_GO_API_KEY": KEY,
        "BREVO_API_KEY": KEY,
        "AMAZON_SES_AUTO_CONFIRM_SNS_SUBSCRIPTIONS": False,
    }


def post(
    client: Client, provider: str, payload: Any, *, key: str = KEY, secret: str = SECRET
) -> HttpResponse:
    """Deliver a payload as this provider would; another `key` forges the signature."""
    url = f"/hooks/{provider}/tracking/"
    headers = {}
    if secret:
        headers["Authorization"] = "Basic " + base64.b64encode(secret.encode()).decode()
    content_type = "application/json"
    if provider == "mailgun" and "event-data" in payload:
        payload = {**payload, "signature": mailgun_signature(key)}
    if provider == "mandrill":
        body = urlencode({"mandrill_events": json.dumps(payload)}).encode()
        content_type = "application/x-www-form-urlencoded"
        headers["X-Mandrill-Signature"] = mandrill_signature(url, json.dumps(payload), key, secret)
    elif provider == "mailgun" and "event-data" not in payload:
        body = urlencode({**payload, **mailgun_signature(key)}, doseq=True).encode()
        content_type = "application/x-www-form-urlencoded"
    else:
        body = json.dumps(payload).encode()
        headers |= signature_headers(provider, body, payload, key)
    return client.post(url, data=body, content_type=content_type, headers=headers)


def signature_headers(provider: str, body: bytes, payload: Any, key: str) -> dict[str, str]:
    plain = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    forged = key != KEY
    if provider == "mailersend":
        return {"Signature": plain}
    if provider == "mailtrap":
        return {"Mailtrap-Signature": plain}
    if provider == "postal":
        signed = rsa_key().sign(body + b"!" * forged, padding.PKCS1v15(), hashes.SHA1())
        return {"X-Postal-Signature": base64.b64encode(signed).decode()}
    if provider == "sendgrid":
        stamped = b"1700000000" + body + b"!" * forged
        signed = ec_key().sign(stamped, ec.ECDSA(hashes.SHA256()))
        return {
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signed).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": "1700000000",
        }
    if provider == "resend":
        return svix_headers(body, forged=forged)
    if provider == "amazon_ses":
        return {
            "x-amz-sns-message-type": str(payload.get("Type")),
            "x-amz-sns-message-id": str(payload.get("MessageId")),
        }
    return {}


def svix_headers(body: bytes, *, forged: bool) -> dict[str, str]:
    told, at = (
        f"msg_{hashlib.sha256(body).hexdigest()[:12]}",
        str(int(datetime.now(UTC).timestamp())),
    )
    key = b"another key entirely....." if forged else base64.b64decode(SVIX_KEY)
    signed = hmac.new(key, f"{told}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "svix-id": told,
        "svix-timestamp": at,
        "svix-signature": "v1," + base64.b64encode(signed).decode(),
    }


def mailgun_signature(key: str) -> dict[str, str]:
    signed = hmac.new(key.encode(), b"1700000000token", hashlib.sha256).hexdigest()
    return {"timestamp": "1700000000", "token": "token", "signature": signed}


def mandrill_signature(url: str, events: str, key: str, secret: str) -> str:
    auth = f"{secret}@" if secret else ""
    data = f"http://{auth}testserver{url}mandrill_events{events}"
    return base64.b64encode(hmac.new(key.encode(), data.encode(), hashlib.sha1).digest()).decode()
