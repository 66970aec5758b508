-- Has a key that the database draws for posts come to the end of its column's type? An integer column with a sequence that goes on
-- (older versions of Rails, Django and Laravel made such) answers "integer out of range" from then on, whatever a post says.
-- PostgreSQL's manual, 8.1: smallint ends at 2^15 - 1, integer at 2^31 - 1. A sequence is past it after the first post that failed,
-- since a step is never taken back. Whose sequence cannot be read counts as not at its end.
create function pollster.ids_at_their_end() returns boolean
    language sql volatile set search_path = pg_catalog, pg_temp
as $$
    select coalesce(bool_or(pg_sequence_last_value(drawn.sequence) >= drawn.last), false)
    from (
        select s.oid::regclass as sequence, case a.atttypid when 'int2'::regtype then 32767 else 2147483647 end as last
        from pollster.behind('pollster.posts') b
        join pg_attribute a on a.attrelid = b.rel and a.attnum > 0 and a.atttypid in ('int2'::regtype, 'int4'::regtype)
        left join pg_attrdef x on x.adrelid = a.attrelid and x.adnum = a.attnum
        -- An identity's sequence hangs on the column, a default on its sequence.
        join pg_depend d on d.classid = 'pg_class'::regclass and d.refclassid = d.classid and d.refobjid = a.attrelid
                and d.refobjsubid = a.attnum and d.deptype = 'i'
            or d.classid = 'pg_attrdef'::regclass and d.objid = x.oid and d.refclassid = 'pg_class'::regclass
        join pg_class s on s.relkind = 'S' and s.oid = case when d.classid = 'pg_class'::regclass then d.objid else d.refobjid end
        where has_sequence_privilege(s.oid, 'usage') or has_sequence_privilege(s.oid, 'select')
        offset 0
    ) drawn
$$;
