"""Where messages come in by themselves: SMTP. (What comes in over HTTP comes through `api`.)"""
