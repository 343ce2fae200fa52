"""Intents as JSON text and back, for the journal."""

import json
from decimal import Decimal

from bot.domain.account import MarginMode, Side, Wallet
from bot.domain.intent import Intent, IntentKind, LeverageIntent, MarginModeIntent, OrderIntent, TransferIntent


def intent_to_json(intent: Intent) -> str:
    """Write an intent as JSON; decimals become strings."""
    body = {name: getattr(intent, name) for name in intent.__dataclass_fields__}
    return json.dumps({key: str(value) if isinstance(value, Decimal) else value for key, value in body.items()})


def intent_from_json(kind: IntentKind, text: str) -> Intent:
    """Read an intent back."""
    body = json.loads(text)
    body["reasons"] = tuple(body["reasons"])
    match kind:
        case IntentKind.ORDER:
            body["side"] = Side(body["side"])
            body["amount"] = Decimal(body["amount"])
            body["limit_price"] = Decimal(body["limit_price"])
            return OrderIntent(**body)
        case IntentKind.TRANSFER:
            body["amount"] = Decimal(body["amount"])
            body["source"] = Wallet(body["source"])
            body["target"] = Wallet(body["target"])
            return TransferIntent(**body)
        case IntentKind.LEVERAGE:
            return LeverageIntent(**body)
        case IntentKind.MARGIN_MODE:
            body["margin_mode"] = MarginMode(body["margin_mode"])
            return MarginModeIntent(**body)
