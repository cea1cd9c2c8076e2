"""A stand-in for a Teleport 18.0.0 cluster, and for the event handler that forwards its audit log.

Written from recordings of a real cluster: what was asked there is answered the same way here, refusals included.
"""
