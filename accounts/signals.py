"""The news people make, sent by the verbs in `actions` after commit. Every signal passes ids, never rows."""

from django.dispatch import Signal

followed = Signal()  # follower_id, followed_id
unfollowed = Signal()  # follower_id, followed_id
blocked = Signal()  # blocker_id, blocked_id
unblocked = Signal()  # blocker_id, blocked_id
muted = Signal()  # muter_id, muted_id
unmuted = Signal()  # muter_id, muted_id
consent_changed = Signal()  # person_id, switch, given
account_being_deleted = (
    Signal()
)  # person: inside the transaction, while all rows still stand; a failure stops the deletion
account_deleted = Signal()  # person_id (the row is already gone)
