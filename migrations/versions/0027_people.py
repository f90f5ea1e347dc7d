"""people, their sign-in links and devices, and share links.

Revision ID: 0027
Revises: 0029
"""

from alembic import op

revision = "0027"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("""
        CREATE TABLE people (
            id uuid CONSTRAINT people_pkey PRIMARY KEY,
            name text NOT NULL,
            role text NOT NULL CONSTRAINT people_role CHECK (role IN ('viewer', 'operator', 'admin')),
            brand_id uuid CONSTRAINT people_brand_id_fkey REFERENCES brands (id),
            active boolean NOT NULL DEFAULT true,
            created_at timestamptz NOT NULL DEFAULT now(),
            last_seen_at timestamptz,
            CONSTRAINT people_unbound_admin CHECK (role <> 'admin' OR brand_id IS NULL)
        )
    """)
    op.execute("""
        CREATE TABLE sign_in_links (
            secret_hash bytea CONSTRAINT sign_in_links_pkey PRIMARY KEY,
            person_id uuid NOT NULL CONSTRAINT sign_in_links_person_id_fkey REFERENCES people (id) ON DELETE CASCADE,
            created_at timestamptz NOT NULL DEFAULT now(),
            expires_at timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX sign_in_links_person_id ON sign_in_links (person_id)")
    op.execute("""
        CREATE TABLE share_links (
            id uuid CONSTRAINT share_links_pkey PRIMARY KEY,
            session_id uuid NOT NULL CONSTRAINT share_links_session_id_fkey REFERENCES sessions (id) ON DELETE CASCADE,
            secret_hash bytea NOT NULL CONSTRAINT share_links_secret_hash_key UNIQUE,
            live boolean NOT NULL,
            lang text,
            expires_at timestamptz,
            created_by text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            last_used_at timestamptz
        )
    """)
    op.execute("CREATE INDEX share_links_session_id ON share_links (session_id)")
    op.execute("""
        CREATE TABLE devices (
            id uuid CONSTRAINT devices_pkey PRIMARY KEY,
            secret_hash bytea NOT NULL CONSTRAINT devices_secret_hash_key UNIQUE,
            person_id uuid CONSTRAINT devices_person_id_fkey REFERENCES people (id) ON DELETE CASCADE,
            key_id text COLLATE "C" CONSTRAINT devices_key_id_fkey REFERENCES api_keys (id) ON DELETE CASCADE,
            share_link_id uuid CONSTRAINT devices_share_link_id_fkey REFERENCES share_links (id) ON DELETE CASCADE,
            user_agent text,
            created_at timestamptz NOT NULL DEFAULT now(),
            last_seen_at timestamptz NOT NULL,
            CONSTRAINT devices_one_owner CHECK (num_nonnulls(person_id, key_id, share_link_id) = 1)
        )
    """)
    for column in ("person_id", "key_id", "share_link_id", "last_seen_at"):
        op.execute(f"CREATE INDEX devices_{column} ON devices ({column})")
    # Readers that are bound to a brand have no part of them; the role is absent where the migrating user may create none.
    op.execute("""
        DO $$
        BEGIN
            IF to_regrole('tallylight_reader') IS NOT NULL THEN
                REVOKE ALL ON people, sign_in_links, share_links, devices FROM tallylight_reader;
            END IF;
        END
        $$
    """)
