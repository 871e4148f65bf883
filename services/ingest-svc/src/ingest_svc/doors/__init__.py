"""Where messages come in: SMTP. (Webhooks come in through `api`.)"""
