"""`make image-check`: carries out the steps of the Dockerfile in a Debian root, and runs what they made as a container would.

In: the Dockerfile, Debian's packages by `debootstrap`, Python's by `pip`. Out: an exit code, sizes. Never here: a container engine.
"""
