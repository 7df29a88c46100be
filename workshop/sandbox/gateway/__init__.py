"""The way in: every request passes the layers in this folder before a service sees it."""
