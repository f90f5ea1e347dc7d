"""Channels: alerts and results leave the screen, as messages to chats and programs outside.

In: what happened. Out: messages at the receivers. Never here: routes.
"""
