"""Logistics: packing lists, cartons, parcels.

In: the orders of a session. Out: documents and files. Never here: addresses, which are not stored; changes of orders.
"""
