"""One story: an agency that has nothing but the link that its server printed plans, runs, closes and hands over a show.

In: a server on an empty folder, platforms on loopback. Out: assertions on what people see. Never here: an API key, a request of the
API that no page sends, a command.
"""
