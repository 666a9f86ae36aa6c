"""Notices: inbox, e-mail, webhooks."""
