-- The query log: append-only entries, their encrypted bodies and the subject index, one partition per log and month.
--
-- Rights. Three roles without login are made where the migrating role may do so:
--   datawarden_log_owner  owns tables and functions; nobody logs in as it.
--   datawarden_log_writer may read, insert and move the head; the login role of the gate is made a member of it
--                         (GRANT datawarden_log_writer TO <service login>).
--   datawarden_log_keeper may besides call log_drop_month and what an early erasure needs; for the login role that ends
--                         months and erases entries, never for the gate's.
-- The functions look in schema public alone: a temporary table of the caller must not pass for the governance log.
-- The service never holds UPDATE, DELETE or TRUNCATE on entries, and triggers refuse them to owners and superusers
-- alike. A superuser can switch the triggers off; the offline verifier finds what is bent then.
-- Partitions leave only through log_drop_month, which wants the approved destruction order in the governance log, and
-- those of a month's subject index through log_end_subjects, which wants the approved erasure order of one entry.

CREATE TABLE log_heads (
    log text PRIMARY KEY CHECK (log ~ '^[a-z][a-z0-9-]{0,30}$'),
    size bigint NOT NULL CHECK (size >= 0),
    root_hash bytea NOT NULL CHECK (octet_length(root_hash) = 32),
    edge bytea NOT NULL CHECK (octet_length(edge) = 32 * bit_count(size::bit(64))),
    epoch bigint NOT NULL,
    month date,
    month_first bigint NOT NULL,
    last_at timestamptz
);
COMMENT ON TABLE log_heads IS 'One row per log: its size, root hash and right edge (the roots of the largest complete subtrees,
the largest first), moved only by the sequencer that holds the epoch.';

CREATE TABLE log_months (
    log text NOT NULL REFERENCES log_heads (log),
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    first_index bigint NOT NULL,
    start_root bytea NOT NULL,
    start_edge bytea NOT NULL,
    dropped_by_order bigint,
    dropped_count bigint,
    boundary bytea,
    subject_generation bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (log, month),
    UNIQUE (log, first_index)
);
COMMENT ON TABLE log_months IS 'Where each month of a log begins; the next row (or the head) says where it ends. Of a dropped month
the leaf hashes that share a tile with the next month stay in boundary, because proofs of the next month need them.';

CREATE TABLE log_entries (
    log text NOT NULL,
    month date NOT NULL,
    entry_index bigint NOT NULL,
    kind text NOT NULL,
    recorded_at timestamptz NOT NULL,
    occurred_at timestamptz NOT NULL,
    agency_id uuid,
    agency_seq bigint,
    account bytea,
    account_seq bigint,
    application_id uuid,
    query_id uuid,
    closes bigint,
    header bytea NOT NULL,
    leaf_hash bytea NOT NULL,
    PRIMARY KEY (log, month, entry_index)
) PARTITION BY RANGE (log, month);
-- Every entry pays for every index. That the counters of accounts and agencies are dense is the sequencer's work and the
-- verifier's to judge: no index for them. What is read by account or agency is walked from any entry on, and the last one has
-- the counter. An expression, whose order the primary key does not have: a planner that thinks an agency's entries lie evenly
-- would walk the whole month for one that began late.
CREATE INDEX log_entries_of_account ON log_entries (account, (entry_index + 0)) WHERE account IS NOT NULL;
CREATE INDEX log_entries_of_agency ON log_entries (agency_id, (entry_index + 0)) WHERE agency_id IS NOT NULL;
CREATE INDEX log_entries_application ON log_entries (application_id) WHERE application_id IS NOT NULL;
CREATE INDEX log_entries_query ON log_entries (query_id) WHERE query_id IS NOT NULL;
CREATE INDEX log_entries_closes ON log_entries (closes) WHERE closes IS NOT NULL;
CREATE INDEX log_entries_time ON log_entries USING brin (recorded_at);

CREATE TABLE log_bodies (
    log text NOT NULL,
    month date NOT NULL,
    entry_index bigint NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (log, month, entry_index)
) PARTITION BY RANGE (log, month);

-- Apart from the bodies, because an early erasure writes a month's subject index anew under a fresh key: as the next
-- generation, in a partition of its own, so that the old one goes as a whole.
CREATE TABLE log_subjects (
    log text NOT NULL,
    month date NOT NULL,
    generation bigint NOT NULL,
    entry_index bigint NOT NULL,
    subject_hash bytea NOT NULL,
    PRIMARY KEY (log, month, generation, entry_index)
) PARTITION BY RANGE (log, month, generation);
CREATE INDEX log_subjects_hash ON log_subjects (subject_hash, entry_index);

-- Of the tree above the leaves only every eighth height is kept: what a tile of hashes holds. Never pruned: one row for
-- 256 entries.
CREATE TABLE log_nodes (
    log text NOT NULL REFERENCES log_heads (log),
    level smallint NOT NULL CHECK (level > 0),
    node_index bigint NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (log, level, node_index)
);
COMMENT ON TABLE log_nodes IS 'Roots of complete subtrees of 256^level entries.';

CREATE TABLE log_checkpoints (
    log text NOT NULL REFERENCES log_heads (log),
    size bigint NOT NULL,
    note text NOT NULL,
    published_at timestamptz NOT NULL,
    PRIMARY KEY (log, size)
);
COMMENT ON TABLE log_checkpoints IS 'Signed checkpoints that were published (C2SP tlog-checkpoint).';

CREATE TABLE log_erasures (
    log text NOT NULL,
    month date NOT NULL,
    entry_index bigint NOT NULL,
    order_index bigint NOT NULL,
    PRIMARY KEY (log, entry_index)
);
COMMENT ON TABLE log_erasures IS 'Entries that are erased early, noted before their key goes; written by log_note_erasure alone.';

CREATE TABLE log_endings (
    log text NOT NULL REFERENCES log_heads (log),
    size bigint NOT NULL CHECK (size >= 0),
    root_hash bytea NOT NULL CHECK (octet_length(root_hash) = 32),
    known_size bigint NOT NULL CHECK (known_size >= size),
    known_root bytea NOT NULL CHECK (octet_length(known_root) = 32),
    PRIMARY KEY (log, size, root_hash, known_size, known_root)
);
COMMENT ON TABLE log_endings IS 'How a log may end: at size, although known_size entries were signed. What is lost two persons may accept as
it is written here; a log that ends for a new key loses nothing.';

CREATE TABLE log_successions (
    log text PRIMARY KEY REFERENCES log_heads (log),
    successor text NOT NULL UNIQUE REFERENCES log_heads (log),
    size bigint NOT NULL,
    root_hash bytea NOT NULL,
    known_size bigint NOT NULL,
    known_root bytea NOT NULL,
    since timestamptz NOT NULL,
    FOREIGN KEY (log, size, root_hash, known_size, known_root) REFERENCES log_endings
);
COMMENT ON TABLE log_successions IS 'Logs that ended, and those that began behind them; written by log_succeed and log_retire alone.';

CREATE TABLE log_cosignatures (
    log text NOT NULL,
    size bigint NOT NULL,
    witness text NOT NULL,
    line text NOT NULL,
    cosigned_at timestamptz NOT NULL,
    PRIMARY KEY (log, size, witness),
    FOREIGN KEY (log, size) REFERENCES log_checkpoints (log, size)
);
COMMENT ON TABLE log_cosignatures IS 'What witnesses said of published checkpoints: signature lines (C2SP tlog-cosignature).';
CREATE INDEX log_cosignatures_witness ON log_cosignatures (log, witness, size);

-- A published checkpoint with the cosignatures that it has.
CREATE FUNCTION log_note(p_log text, p_size bigint) RETURNS text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT note || coalesce((SELECT string_agg(line, '' ORDER BY witness) FROM log_cosignatures
        WHERE log = p_log AND size = p_size), '') FROM log_checkpoints WHERE log = p_log AND size = p_size;
$$;

CREATE FUNCTION log_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the query log is append-only: % on % is refused', tg_op, tg_table_name
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION log_guard_head() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF tg_op = 'UPDATE' AND new.size > old.size AND EXISTS (SELECT FROM log_successions WHERE log = old.log) THEN
        RAISE EXCEPTION 'log % has ended', old.log USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF tg_op <> 'UPDATE' OR new.log <> old.log OR new.size < old.size OR new.epoch < old.epoch
        OR (new.size = old.size AND new.root_hash <> old.root_hash) THEN
        RAISE EXCEPTION 'the head of a query log only moves forward' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN new;
END $$;

-- Row triggers of a partitioned table are cloned to its partitions; TRUNCATE triggers are not (see log_open_month).
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON log_entries FOR EACH ROW EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON log_bodies FOR EACH ROW EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON log_subjects FOR EACH ROW EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON log_entries EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON log_bodies EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON log_subjects EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON log_nodes FOR EACH ROW EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON log_nodes EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON log_checkpoints FOR EACH ROW EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON log_checkpoints EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON log_endings FOR EACH ROW EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON log_endings EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON log_successions FOR EACH ROW EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON log_successions EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON log_cosignatures FOR EACH ROW EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON log_cosignatures EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER refuse_delete BEFORE DELETE ON log_months FOR EACH ROW EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON log_months EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON log_erasures FOR EACH ROW EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON log_erasures EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER guard_head BEFORE UPDATE OR DELETE ON log_heads FOR EACH ROW EXECUTE FUNCTION log_guard_head();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON log_heads EXECUTE FUNCTION log_refuse_change();

-- Makes the log known; a log that exists is left alone.
CREATE FUNCTION log_create(p_log text) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
    INSERT INTO log_heads (log, size, root_hash, edge, epoch, month_first) VALUES (p_log, 0, sha256(''), '', 0, 0)
    ON CONFLICT DO NOTHING;
$$;

-- The log that is written now in the line of logs that began with p_log.
CREATE FUNCTION log_current(p_log text) RETURNS text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    WITH RECURSIVE line (log, place) AS (
        SELECT p_log, 0 UNION ALL SELECT s.successor, place + 1 FROM log_successions s JOIN line USING (log))
    SELECT log FROM line ORDER BY place DESC LIMIT 1
$$;

-- Ends a log at what is left of it, and makes its successor known. Refuses unless that very ending was noted. Called again
-- for a log that ended so it does nothing. Whoever still leads is fenced.
CREATE FUNCTION log_succeed(p_log text, p_successor text, p_size bigint, p_root bytea, p_known_size bigint, p_known_root bytea,
    p_since timestamptz) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_head log_heads;
BEGIN
    SELECT * INTO v_head FROM log_heads WHERE log = p_log FOR UPDATE;
    IF EXISTS (SELECT FROM log_successions WHERE log = p_log AND successor = p_successor) THEN
        RETURN;
    END IF;
    IF (v_head.size = p_size AND v_head.root_hash = p_root) IS NOT TRUE OR EXISTS (SELECT FROM log_heads WHERE log = p_successor) THEN
        RAISE EXCEPTION 'log % does not end so', p_log USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    PERFORM log_create(p_successor);
    INSERT INTO log_successions VALUES (p_log, p_successor, p_size, p_root, p_known_size, p_known_root, p_since);
    UPDATE log_heads SET epoch = epoch + 1 WHERE log = p_log;
END $$;

-- Ends a log as it stands, for a successor that signs with another key.
CREATE FUNCTION log_retire(p_log text, p_successor text, p_since timestamptz) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    v_head log_heads;
BEGIN
    SELECT * INTO v_head FROM log_heads WHERE log = p_log FOR UPDATE;
    INSERT INTO log_endings VALUES (p_log, v_head.size, v_head.root_hash, v_head.size, v_head.root_hash) ON CONFLICT DO NOTHING;
    PERFORM log_succeed(p_log, p_successor, v_head.size, v_head.root_hash, v_head.size, v_head.root_hash, p_since);
END $$;

-- Attaching (instead of PARTITION OF) leaves the other logs' sequencers unblocked.
CREATE FUNCTION log_attach(p_parent text, p_name text, p_from text, p_to text) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', p_name, p_parent);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', p_parent, p_name, p_from, p_to);
    EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %I EXECUTE FUNCTION log_refuse_change()', p_name);
END $$;

CREATE FUNCTION log_partition(p_parent text, p_log text, p_month date) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT p_parent || '_' || replace(p_log, '-', '_') || '_' || to_char(p_month, 'YYYYMM')
$$;

CREATE FUNCTION log_subject_partition(p_log text, p_month date, p_generation bigint) RETURNS text LANGUAGE sql
IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT log_partition('log_subjects', p_log, p_month) || '_' || p_generation
$$;

CREATE FUNCTION log_open_generation(p_log text, p_month date, p_generation bigint) RETURNS void LANGUAGE sql
SET search_path = public, pg_temp AS $$
    SELECT log_attach('log_subjects', log_subject_partition(p_log, p_month, p_generation),
        format('%L, %L, %s', p_log, p_month, p_generation), format('%L, %L, %s', p_log, p_month, p_generation + 1))
$$;

-- Opens the partitions of a month that begins at the log's present head. Months only follow one another.
CREATE FUNCTION log_open_month(p_log text, p_month date, p_epoch bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    v_head log_heads;
    v_parent text;
BEGIN
    SELECT * INTO v_head FROM log_heads WHERE log = p_log FOR UPDATE;
    IF v_head.log IS NULL OR v_head.epoch <> p_epoch OR extract(day FROM p_month) <> 1
        OR (v_head.month IS NOT NULL AND p_month <= v_head.month) THEN
        RAISE EXCEPTION 'month % of log % cannot be opened', p_month, p_log USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    INSERT INTO log_months (log, month, first_index, start_root, start_edge)
    VALUES (p_log, p_month, v_head.size, v_head.root_hash, v_head.edge);
    FOREACH v_parent IN ARRAY ARRAY['log_entries', 'log_bodies'] LOOP
        PERFORM log_attach(v_parent, log_partition(v_parent, p_log, p_month), format('%L, %L', p_log, p_month),
            format('%L, %L', p_log, (p_month + interval '1 month')::date));
    END LOOP;
    PERFORM log_open_generation(p_log, p_month, 0);
END $$;

CREATE FUNCTION log_drop_generations(p_log text, p_month date, p_before bigint) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    v_generation bigint;
BEGIN
    FOR v_generation IN SELECT generate_series(0, p_before - 1) LOOP
        EXECUTE format('DROP TABLE IF EXISTS %I', log_subject_partition(p_log, p_month, v_generation));
    END LOOP;
END $$;

-- Drops the oldest month of a log. Refuses unless entry p_order_index of the governance log is an approved
-- destruction order for exactly this range. Called again for a dropped month under the same order it does nothing.
CREATE FUNCTION log_drop_month(p_log text, p_month date, p_order_index bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    v_month log_months;
    v_next log_months;
    v_order log_entries;
    v_text jsonb;
    v_range jsonb;
    v_count bigint;
    v_tile bigint;
    v_boundary bytea;
    v_parent text;
BEGIN
    IF p_log ~ '^governance(-[0-9]+)?$' THEN
        RAISE EXCEPTION 'the governance log is never pruned' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT * INTO v_month FROM log_months WHERE log = p_log AND month = p_month FOR UPDATE;
    IF v_month.log IS NULL THEN
        RAISE EXCEPTION 'log % has no month %', p_log, p_month USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF v_month.dropped_by_order = p_order_index THEN
        RETURN;
    END IF;
    IF v_month.dropped_by_order IS NOT NULL
        OR EXISTS (SELECT FROM log_months WHERE log = p_log AND month < p_month AND dropped_by_order IS NULL) THEN
        RAISE EXCEPTION 'month % is not the oldest month of log %', p_month, p_log
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    SELECT * INTO v_next FROM log_months WHERE log = p_log AND month > p_month ORDER BY month LIMIT 1;
    IF v_next.log IS NULL THEN
        -- The last month of a log that ended is closed by that.
        SELECT size, root_hash INTO v_next.first_index, v_next.start_root FROM log_successions WHERE log = p_log;
    END IF;
    IF v_next.first_index IS NULL THEN
        RAISE EXCEPTION 'month % of log % is not closed', p_month, p_log USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    v_count := v_next.first_index - v_month.first_index;

    SELECT * INTO v_order FROM log_entries WHERE log = log_current('governance') AND entry_index = p_order_index;
    IF v_order.log IS NULL OR sha256('\x00'::bytea || v_order.header) <> v_order.leaf_hash THEN
        RAISE EXCEPTION 'no destruction order at entry % of the governance log', p_order_index
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    v_text := convert_from(substring(v_order.header FROM 2), 'UTF8')::jsonb;
    v_range := v_text -> 'range';
    IF (v_text ->> 'kind' = 'governance' AND v_text ->> 'action' = 'destruction-order'
        AND v_text ->> 'decision' = 'approved'
        AND v_range ->> 'log' = p_log AND v_range ->> 'month' = to_char(p_month, 'YYYY-MM')
        AND (v_range ->> 'first')::bigint = v_month.first_index
        AND (v_range ->> 'last')::bigint = v_next.first_index - 1
        AND (v_range ->> 'count')::bigint = v_count
        AND v_range ->> 'root' = encode(v_next.start_root, 'hex')) IS NOT TRUE THEN
        RAISE EXCEPTION 'entry % of the governance log is no approved destruction order for % of %',
            p_order_index, p_month, p_log USING ERRCODE = 'insufficient_privilege';
    END IF;

    v_tile := v_next.first_index / 256 * 256;
    SELECT coalesce(string_agg(leaf_hash, '' ORDER BY entry_index), '') INTO v_boundary FROM log_entries
    WHERE log = p_log AND month = p_month AND entry_index >= v_tile;

    -- Locked in the order in which the append locks them.
    LOCK TABLE log_entries, log_bodies, log_subjects IN ACCESS EXCLUSIVE MODE;
    FOREACH v_parent IN ARRAY ARRAY['log_entries', 'log_bodies'] LOOP
        EXECUTE format('DROP TABLE %I', log_partition(v_parent, p_log, p_month));
    END LOOP;
    -- More than one while an erasure is under way.
    PERFORM log_drop_generations(p_log, p_month, v_month.subject_generation + 1);
    UPDATE log_months SET dropped_by_order = p_order_index, dropped_count = v_count, boundary = v_boundary
    WHERE log = p_log AND month = p_month;
    -- Tiles that end before the first entry that is left are gone for good.
    UPDATE log_months SET boundary = NULL WHERE log = p_log AND month < p_month AND first_index + dropped_count <= v_tile;
END $$;

-- Notes that an entry is about to be erased. Refuses unless entry p_order_index of the governance log is an approved
-- erasure order for exactly this entry. Called again under the same order it does nothing.
CREATE FUNCTION log_note_erasure(p_log text, p_month date, p_index bigint, p_order_index bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_leaf bytea;
    v_order log_entries;
    v_text jsonb;
    v_range jsonb;
BEGIN
    SELECT leaf_hash INTO v_leaf FROM log_entries WHERE log = p_log AND month = p_month AND entry_index = p_index;
    SELECT * INTO v_order FROM log_entries WHERE log = log_current('governance') AND entry_index = p_order_index;
    IF v_leaf IS NULL OR v_order.log IS NULL OR sha256('\x00'::bytea || v_order.header) <> v_order.leaf_hash THEN
        RAISE EXCEPTION 'no erasure order at entry % of the governance log', p_order_index
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    v_text := convert_from(substring(v_order.header FROM 2), 'UTF8')::jsonb;
    v_range := v_text -> 'range';
    IF (v_text ->> 'kind' = 'governance' AND v_text ->> 'action' = 'erasure-order'
        AND v_text ->> 'decision' = 'approved'
        AND v_range ->> 'log' = p_log AND v_range ->> 'month' = to_char(p_month, 'YYYY-MM')
        AND (v_range ->> 'first')::bigint = p_index AND (v_range ->> 'last')::bigint = p_index
        AND v_range ->> 'root' = encode(v_leaf, 'hex')) IS NOT TRUE THEN
        RAISE EXCEPTION 'entry % of the governance log is no approved erasure order for entry % of %',
            p_order_index, p_index, p_log USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO log_erasures VALUES (p_log, p_month, p_index, p_order_index) ON CONFLICT DO NOTHING;
    IF NOT EXISTS (SELECT FROM log_erasures
        WHERE log = p_log AND entry_index = p_index AND order_index = p_order_index) THEN
        RAISE EXCEPTION 'entry % of % is erased under another order', p_index, p_log
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
END $$;

-- The month of a noted erasure, locked; refuses without the note.
CREATE FUNCTION log_erased_month(p_log text, p_index bigint, p_order_index bigint) RETURNS log_months LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    v_month log_months;
BEGIN
    SELECT m.* INTO v_month FROM log_months m JOIN log_erasures e USING (log, month)
    WHERE e.log = p_log AND e.entry_index = p_index AND e.order_index = p_order_index AND m.dropped_by_order IS NULL
    FOR UPDATE OF m;
    IF v_month.log IS NULL THEN
        RAISE EXCEPTION 'entry % of % is not to be erased under order %', p_index, p_log, p_order_index
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN v_month;
END $$;

-- Opens the next generation of the subject index of the month of an entry that is being erased. Whoever sequences hands
-- over first, with the keys in its memory, and is fenced should it live on: no subject is written under the old key.
CREATE FUNCTION log_open_subjects(p_log text, p_index bigint, p_order_index bigint, p_generation bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_month log_months;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('query-log:' || p_log)::bigint & 4294967295);
    v_month := log_erased_month(p_log, p_index, p_order_index);
    UPDATE log_heads SET epoch = epoch + 1 WHERE log = p_log;
    IF v_month.subject_generation < p_generation THEN
        PERFORM log_open_generation(p_log, v_month.month, p_generation);
        UPDATE log_months SET subject_generation = p_generation WHERE log = p_log AND month = v_month.month;
    END IF;
END $$;

-- Drops the older generations of that subject index. Refuses if the latest lacks an entry, or holds an erased one.
CREATE FUNCTION log_end_subjects(p_log text, p_index bigint, p_order_index bigint) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_month log_months := log_erased_month(p_log, p_index, p_order_index);
BEGIN
    IF EXISTS (SELECT FROM log_subjects o WHERE o.log = p_log AND o.month = v_month.month
            AND o.generation < v_month.subject_generation
            AND NOT EXISTS (SELECT FROM log_erasures e WHERE e.log = p_log AND e.entry_index = o.entry_index)
            AND NOT EXISTS (SELECT FROM log_subjects n WHERE n.log = p_log AND n.month = v_month.month
                AND n.generation = v_month.subject_generation AND n.entry_index = o.entry_index))
        OR EXISTS (SELECT FROM log_subjects WHERE log = p_log AND month = v_month.month
            AND generation = v_month.subject_generation AND entry_index = p_index) THEN
        RAISE EXCEPTION 'the subject index of % of % is not written anew', v_month.month, p_log
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    LOCK TABLE log_subjects IN ACCESS EXCLUSIVE MODE;
    PERFORM log_drop_generations(p_log, v_month.month, v_month.subject_generation);
END $$;

REVOKE ALL ON FUNCTION log_create(text), log_succeed(text, text, bigint, bytea, bigint, bytea, timestamptz),
    log_retire(text, text, timestamptz), log_open_month(text, date, bigint), log_drop_month(text, date, bigint),
    log_attach(text, text, text, text), log_open_generation(text, date, bigint), log_drop_generations(text, date, bigint),
    log_note_erasure(text, date, bigint, bigint), log_erased_month(text, bigint, bigint),
    log_open_subjects(text, bigint, bigint, bigint), log_end_subjects(text, bigint, bigint)
    FROM PUBLIC;

DO $$
DECLARE
    v_role text;
    v_table text;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['datawarden_log_owner', 'datawarden_log_writer', 'datawarden_log_keeper'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = v_role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
            EXCEPTION
                -- Another database of the cluster migrates at the same moment.
                WHEN duplicate_object OR unique_violation THEN NULL;
            END;
        END IF;
    END LOOP;
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO datawarden_log_owner', current_schema());
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO datawarden_log_writer, datawarden_log_keeper', current_schema());
    FOREACH v_role IN ARRAY ARRAY['datawarden_log_writer', 'datawarden_log_keeper', current_user::text] LOOP
        EXECUTE format('GRANT SELECT, INSERT ON log_entries, log_bodies, log_subjects TO %I', v_role);
        EXECUTE format('GRANT SELECT, INSERT ON log_nodes, log_checkpoints, log_cosignatures, log_endings TO %I', v_role);
        EXECUTE format('GRANT SELECT ON log_months, log_erasures, log_successions TO %I', v_role);
        EXECUTE format('GRANT SELECT, UPDATE ON log_heads TO %I', v_role);
        EXECUTE format('GRANT EXECUTE ON FUNCTION log_create(text), log_open_month(text, date, bigint), '
            'log_succeed(text, text, bigint, bytea, bigint, bytea, timestamptz), log_retire(text, text, timestamptz) TO %I', v_role);
    END LOOP;
    EXECUTE format('GRANT EXECUTE ON FUNCTION log_drop_month(text, date, bigint), '
        'log_note_erasure(text, date, bigint, bigint), log_open_subjects(text, bigint, bigint, bigint), '
        'log_end_subjects(text, bigint, bigint) TO datawarden_log_keeper, %I', current_user);
    FOREACH v_table IN ARRAY
        ARRAY['log_heads', 'log_months', 'log_entries', 'log_bodies', 'log_subjects', 'log_erasures', 'log_nodes',
            'log_endings', 'log_successions', 'log_checkpoints', 'log_cosignatures'] LOOP
        EXECUTE format('ALTER TABLE %I OWNER TO datawarden_log_owner', v_table);
    END LOOP;
    ALTER FUNCTION log_create(text) OWNER TO datawarden_log_owner;
    ALTER FUNCTION log_succeed(text, text, bigint, bytea, bigint, bytea, timestamptz) OWNER TO datawarden_log_owner;
    ALTER FUNCTION log_retire(text, text, timestamptz) OWNER TO datawarden_log_owner;
    ALTER FUNCTION log_open_month(text, date, bigint) OWNER TO datawarden_log_owner;
    ALTER FUNCTION log_drop_month(text, date, bigint) OWNER TO datawarden_log_owner;
    ALTER FUNCTION log_attach(text, text, text, text) OWNER TO datawarden_log_owner;
    ALTER FUNCTION log_open_generation(text, date, bigint) OWNER TO datawarden_log_owner;
    ALTER FUNCTION log_drop_generations(text, date, bigint) OWNER TO datawarden_log_owner;
    ALTER FUNCTION log_note_erasure(text, date, bigint, bigint) OWNER TO datawarden_log_owner;
    ALTER FUNCTION log_erased_month(text, bigint, bigint) OWNER TO datawarden_log_owner;
    ALTER FUNCTION log_open_subjects(text, bigint, bigint, bigint) OWNER TO datawarden_log_owner;
    ALTER FUNCTION log_end_subjects(text, bigint, bigint) OWNER TO datawarden_log_owner;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'the roles of the query log could not be set up; triggers alone protect it (see up.sql)';
END $$;
