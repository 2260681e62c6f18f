"""The same results for other systems, one module for each of them.

They have no arithmetic of their own: every figure is that of the API, in the form that the other
system reads.
"""
