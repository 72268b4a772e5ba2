"""Rights on the state: what the engine's S3 backend and its secrets provider call, as measured.

`tests/engine/test_state_rights.py` runs the real engine against an S3 that answers only what these rights allow.
A preview takes no lock and writes nothing. Every command asks for ``<stack>.pulumi-tags``, which most stacks do not
have; S3 says that an object is missing only to who may list the whole bucket, and to others that it is forbidden
(S3 API Reference, "GetObject"), so the right to list is not narrowed to a prefix.
"""

from __future__ import annotations

from typing import Final

from strata.account.rights.grant import Grant

_BUCKET: Final = ("arn:{partition}:s3:::{bucket}",)
_ROOT: Final = "arn:{partition}:s3:::{bucket}/.pulumi"
#: A stack's checkpoint, the one before it, and its tags.
_CHECKPOINT: Final = (
    f"{_ROOT}/stacks/{{project}}/{{stack}}.json*",
    f"{_ROOT}/stacks/{{project}}/{{stack}}.pulumi-tags",
)
_LOCKS: Final = f"{_ROOT}/locks/organization/{{project}}/{{stack}}/*"
_HISTORY: Final = f"{_ROOT}/history/{{project}}/{{stack}}/*"
_BACKUPS: Final = f"{_ROOT}/backups/{{project}}/{{stack}}/*"
_META: Final = f"{_ROOT}/meta.yaml"
STATE_KEY: Final = ("{key_arn}",)

_LIST: Final = Grant(("s3:ListBucket",), _BUCKET)
_DECRYPT: Final = Grant(("kms:Decrypt",), STATE_KEY)

#: For previews of every stack: checkpoints, and the key that opens them and the secrets in them.
READ_EVERY_STATE: Final = (_LIST, Grant(("s3:GetObject",), (_META, f"{_ROOT}/stacks/{{project}}/*")), _DECRYPT)
#: For refreshes of one stack.
READ_STATE: Final = (_LIST, Grant(("s3:GetObject",), (_META, *_CHECKPOINT)), _DECRYPT)
#: For updates of one stack. Nothing but its own locks can be deleted.
WRITE_STATE: Final = (
    *READ_STATE,
    Grant(("s3:GetObject",), (_LOCKS, _HISTORY)),
    Grant(("s3:PutObject",), (*_CHECKPOINT, _LOCKS, _HISTORY, _BACKUPS)),
    Grant(("s3:DeleteObject",), (_LOCKS,)),
    Grant(("kms:GenerateDataKey",), STATE_KEY),
)
