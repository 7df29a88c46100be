"""An AWS on this machine: one endpoint, one account per attendee, everything in it really runs.

It knows nothing of the workshop and serves any AWS client.
"""
