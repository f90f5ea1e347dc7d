"""Labels: every word that a reader sees, in Japanese, Chinese and English, in one catalogue.

In: a key such as `metric.gmv`. Out: text. Never here: figures, negotiation of the language.
"""
