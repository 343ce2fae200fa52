"""`ballast demo`: a portfolio hedged through weeks of market in under a minute."""

from bot.demo.run import run_demo

__all__ = ["run_demo"]
