"""Members: one person, one member, however they came; what they agreed to; their points, growth and level.

Owns members, identities, one-time codes, consents, member codes, the loyalty program, level history.  Publishes `member.updated` on every
change that other channels show.  Promises: a login never makes a second member for a proven phone or identity; a phone number is never
stored or shown in the clear without a right to it.
"""
