"""The queue: entries per authority, search, windows, assignments, officials."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column:
    return sa.Column(name, sa.String(), nullable=False)


def _instant(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


#: Every window of every round, with its case.
_WINDOWS = (
    "from case_round r join review_case c on c.submission_id = r.submission_id"
    " cross join lateral jsonb_array_elements(r.route) p"
    " where p -> 'window' ->> 'closes_at' is not null and cast(p ->> 'applicable' as bool)"
)
_KEY = (
    "md5(concat_ws('|', c.campaign_id, 'decide\\:' || (p ->> 'level'), p -> 'window' ->> 'closes_at',"
    " p -> 'window' ->> 'authority'))"
)
_PAIRS = "array(select distinct substr(t.s, n, 2) from generate_series(1, length(t.s) - 1) n order by 1)"
#: Rows for the cases that are there already, as `queue_index` writes them from now on.
BACKFILL = (
    f"update stage s set window_key = w.key from (select r.submission_id, r.round, cast(p ->> 'stage_no' as int) as no,"
    f" {_KEY} as key {_WINDOWS}) w"
    " where s.submission_id = w.submission_id and s.round = w.round and s.stage_no = w.no",
    "insert into queue_window (authority, key, campaign_id, act, closes_at, setter)"
    f" select distinct p ->> 'authority', {_KEY}, c.campaign_id, 'decide\\:' || (p ->> 'level'),"
    f" cast(p -> 'window' ->> 'closes_at' as timestamptz), p -> 'window' ->> 'authority' {_WINDOWS}"
    " on conflict do nothing",
    f"insert into case_search (submission_id, search_text, pairs) select t.submission_id, t.s, {_PAIRS} from (select"
    " submission_id, lower(unit_name || ' ' || number || ' ' || uscc) as s from review_case) t on conflict do nothing",
    """
  insert into queue_entry (submission_id, authority, view, window_key, campaign_id, category, kind, division,
    key_industry, support, score, admitted_at, assignee, search_text)
  with seen as (
    select distinct on (s.submission_id, s.authority) s.submission_id, s.authority, s.state, s.window_key
    from review_case c join stage s on s.submission_id = c.submission_id and s.round = c.round
    where s.applicable
    order by s.submission_id, s.authority, (s.state = 'in_review') desc, s.stage_no
  ), acted as (
    select distinct p.submission_id, p.authority, '' as state, '' as window_key
    from review_case c join case_person p on p.submission_id = c.submission_id
    join case_round r on r.submission_id = p.submission_id and r.round = p.round
    where not r.route_replaced
      and not exists (select 1 from seen s where s.submission_id = p.submission_id and s.authority = p.authority)
  ), named as (select * from seen union all select * from acted)
  select c.submission_id, n.authority,
    case when c.state in ('returned', 'withdrawn') then 'returned'
         when c.state = 'closed' then 'closed'
         when n.state = 'in_review' then 'to_do'
         when n.state = 'not_started' then 'waiting'
         when n.state = 'passed' then 'passed'
         else 'other' end as view,
    case when c.state = 'open' and n.state in ('in_review', 'not_started') then n.window_key else '' end as window_key,
    c.campaign_id, c.category, c.kind, left(coalesce(r.unit -> 'industries' ->> 0, ''), 2) as division,
    c.key_industry, case when c.key_industry = '' then 0 else 1 end as support, coalesce(c.sheet_total, -1) as score,
    c.admitted_at,
    coalesce((select a.assignee from assignment a where a.submission_id = c.submission_id and a.authority = n.authority
              order by a.number desc limit 1), '') as assignee,
    lower(c.unit_name || ' ' || c.number || ' ' || c.uscc) as search_text
  from named n join review_case c on c.submission_id = n.submission_id
  join case_round r on r.submission_id = c.submission_id and r.round = c.round
  on conflict do nothing""",
)


def upgrade() -> None:
    op.add_column("stage", sa.Column("window_key", sa.String(), nullable=False, server_default=""))
    case = sa.ForeignKeyConstraint
    op.create_table(
        "queue_entry",
        _text("submission_id"),
        _text("authority"),
        _text("view"),
        _text("window_key"),
        _text("campaign_id"),
        _text("category"),
        _text("kind"),
        _text("division"),
        _text("key_industry"),
        sa.Column("support", sa.Integer(), nullable=False),
        sa.Column("score", sa.Numeric(30, 12), nullable=False),
        _instant("admitted_at"),
        _text("assignee"),
        _text("search_text"),
        case(["submission_id"], ["review_case.submission_id"], name=op.f("fk_queue_entry_submission_id_review_case")),
        sa.PrimaryKeyConstraint("submission_id", "authority", name=op.f("pk_queue_entry")),
    )
    filtered = ["campaign_id", "category", "kind", "division", "key_industry", "assignee"]
    for name, columns, included in (
        ("admitted", ["admitted_at", "submission_id"], ["window_key", *filtered, "support"]),
        ("due", ["window_key", "admitted_at", "submission_id"], [*filtered, "support"]),
        ("score", ["support", "score", "submission_id"], ["window_key", *filtered]),
    ):
        op.create_index(
            f"ix_queue_entry_{name}", "queue_entry", ["authority", "view", *columns], postgresql_include=included
        )
    op.create_table(
        "case_search",
        _text("submission_id"),
        _text("search_text"),
        sa.Column("pairs", postgresql.ARRAY(sa.Text()), nullable=False),
        case(["submission_id"], ["review_case.submission_id"], name=op.f("fk_case_search_submission_id_review_case")),
        sa.PrimaryKeyConstraint("submission_id", name=op.f("pk_case_search")),
    )
    op.create_index("ix_case_search_pairs", "case_search", ["pairs"], postgresql_using="gin")
    op.create_table(
        "queue_window",
        _text("authority"),
        _text("key"),
        _text("campaign_id"),
        _text("act"),
        _instant("closes_at"),
        _text("setter"),
        sa.PrimaryKeyConstraint("authority", "key", name=op.f("pk_queue_window")),
    )
    op.create_table(
        "assignment",
        _text("submission_id"),
        _text("authority"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("stage_no", sa.Integer(), nullable=False),
        _text("assignee"),
        _text("person"),
        _instant("recorded_at"),
        case(["submission_id"], ["review_case.submission_id"], name=op.f("fk_assignment_submission_id_review_case")),
        sa.PrimaryKeyConstraint("submission_id", "authority", "number", name=op.f("pk_assignment")),
    )
    op.create_table(
        "official",
        _text("subject"),
        _text("name"),
        _text("authority"),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        _instant("changed_at"),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_official")),
    )
    op.create_index("ix_official_authority", "official", ["authority", "name"])
    for statement in BACKFILL:
        op.execute(sa.text(statement))


def downgrade() -> None:
    for table in ("official", "assignment", "queue_window", "case_search", "queue_entry"):
        op.drop_table(table)
    op.drop_column("stage", "window_key")
