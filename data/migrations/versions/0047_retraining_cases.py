"""Proposals to train a model anew become cases.

One that waits for a signature is replaced: the next look at the model opens its case. One that was approved
already stays approved, with its signature, and is still run.
"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    with op.batch_alter_table("retrain_proposals", schema=None) as batch_op:
        batch_op.add_column(sa.Column("case_id", sa.Text(), nullable=True))
    op.execute("UPDATE retrain_proposals SET state = 'replaced', open_key = NULL WHERE state = 'proposed'")


def downgrade() -> None:
    """Go back."""
    op.execute(
        "UPDATE retrain_proposals SET state = 'rejected', reason = 'it stood in a case' WHERE state = 'case'"
    )
    with op.batch_alter_table("retrain_proposals", schema=None) as batch_op:
        batch_op.drop_column("case_id")
