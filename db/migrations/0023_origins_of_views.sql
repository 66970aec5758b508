-- From which columns of which tables the contract's views take what they show: what `pollster adopt` derives triggers
-- from. PostgreSQL's own plan of a view says it, whatever the view is made of: the columns that reach the output, and
-- the columns that these are compared with. Nothing here runs a statement of an application, or is called by a server.

-- The plan of a statement, with all conditions where they can be read.
create function pollster.plan_of(a_statement text) returns jsonb
    language plpgsql volatile set search_path = pg_catalog, pg_temp set enable_indexscan = off
    set enable_indexonlyscan = off set enable_bitmapscan = off set enable_memoize = off set enable_seqscan = on
    set max_parallel_workers_per_gather = 0 set jit = off
as $$
declare
    plan json;
begin
    execute 'explain (verbose, costs off, format json) ' || a_statement into plan;
    return plan::jsonb -> 0 -> 'Plan';
end $$;

-- Internal: a column in an expression of a plan, which names all of them with their table.
create function pollster.column_pattern() returns text language sql immutable parallel safe
    return '(?:"(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)\.(?:"(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)';

-- Internal: without what stands in quotes, which may look like anything.
create function pollster.without_literals(a_expression text) returns text language sql immutable parallel safe
    return regexp_replace(a_expression, '''([^'']|'''')*''', '''''', 'g');

-- Internal: the column that an expression is, perhaps as another type; null: it is something else.
create function pollster.column_in(a_expression text) returns text language sql immutable parallel safe
    return (regexp_match(a_expression,
                         '^\(*(' || pollster.column_pattern() || ')(?:\)|::[a-z_ ."]+(?:\([0-9,]+\))?)*$'))[1];

-- Internal: the parts of a condition that all have to be true.
create function pollster.conjuncts(a_condition text) returns setof text
    language plpgsql immutable strict set search_path = pg_catalog, pg_temp
as $$
declare
    c text := a_condition;
    depth integer;
    from_here integer := 1;
    whole boolean;
    quoted text := ''; -- the quotation mark that is open
    here text;
begin
    loop -- parentheses around all of it
        exit when left(c, 1) <> '(' or right(c, 1) <> ')';
        depth := 0;
        whole := true;
        for i in 1 .. length(c) - 1 loop
            here := substr(c, i, 1);
            if quoted <> '' then
                quoted := case when here = quoted then '' else quoted end;
            elsif here in ('''', '"') then
                quoted := here;
            else
                depth := depth + case here when '(' then 1 when ')' then -1 else 0 end;
                if depth = 0 then
                    whole := false;
                    exit;
                end if;
            end if;
        end loop;
        quoted := '';
        exit when not whole;
        c := substr(c, 2, length(c) - 2);
    end loop;
    depth := 0;
    for i in 1 .. length(c) loop
        here := substr(c, i, 1);
        if quoted <> '' then
            quoted := case when here = quoted then '' else quoted end;
        elsif here in ('''', '"') then
            quoted := here;
        elsif here in ('(', ')') then
            depth := depth + case here when '(' then 1 else -1 end;
        elsif depth = 0 and substr(c, i, 5) = ' AND ' then
            return next substr(c, from_here, i - from_here);
            from_here := i + 5;
        end if;
    end loop;
    return next substr(c, from_here);
end $$;

-- Internal: the tables that are read below a node of a plan. A part of a table goes by the name of the whole, as above
-- it in the plan: PostgreSQL calls the parts of m m_1, m_2, ...
create function pollster.scans_below(a_node jsonb) returns table (alias text, called text, rel regclass)
    language sql stable set search_path = pg_catalog, pg_temp set jit = off
as $$
    with recursive scans as (
        select n ->> 'Alias' as alias, to_regclass(format('%I.%I', n ->> 'Schema', n ->> 'Relation Name')) as rel
        from jsonb_path_query(a_node, 'strict $.** ? (exists(@."Relation Name"))') n
    ), whole(part, rel) as (
        select distinct s.rel::oid, s.rel::oid from scans s
        union select w.part, i.inhparent from whole w join pg_inherits i on i.inhrelid = w.rel
    )
    select distinct quote_ident(s.alias),
           quote_ident(case when w.rel <> s.rel::oid then regexp_replace(s.alias, '_[0-9]+$', '') else s.alias end),
           w.rel::regclass
    from scans s join whole w on w.part = s.rel::oid
    where not exists (select from pg_inherits i where i.inhrelid = w.rel)
$$;

-- Internal: which columns are equal in every row of what a node of a plan gives.
create function pollster.equalities_below(a_node jsonb) returns table (a text, b text)
    language sql stable set search_path = pg_catalog, pg_temp set jit = off
as $$
    with conditions as (
        select pollster.without_literals(c) as c
        from jsonb_path_query(a_node, 'strict $.** ? (exists(@."Node Type"))') n
        cross join lateral unnest(array[n ->> 'Hash Cond', n ->> 'Merge Cond', n ->> 'Join Filter', n ->> 'Filter']) x(condition)
        cross join lateral pollster.conjuncts(x.condition) c
    ), sides as (
        select regexp_match(c, '^\(*([^=<>]+?)\)* = \(*([^=<>]+?)\)*$') as side from conditions
        where c !~ ' (OR|IS|IN|AND) ' and c !~ '[a-zA-Z_"]\('
    ), pairs as (
        select pollster.column_in(side[1]) as a, pollster.column_in(side[2]) as b from sides where side is not null
    )
    select p.a, p.b from pairs p where p.a is not null and p.b is not null
    union select p.b, p.a from pairs p where p.a is not null and p.b is not null
$$;

-- Each place where a view reads a table, and what its rows name there. A branch is a part of a union. `col` is the
-- table's column, `names` the view's that it is equal to in every row, or with exact = false: that is made of it, among
-- others. Otherwise `names` is null: `alias` has no such column; or it is 'group': col is equal to `other_col` of
-- `other`, whose column `other_names` is what the view shows as a_key.
create function pollster.origins_of(a_view regclass, a_key text)
    returns table (branch integer, alias text, rel regclass, col text, names text, exact boolean,
                   other regclass, other_col text, other_key text)
    language plpgsql volatile set search_path = pg_catalog, pg_temp set jit = off
as $$
declare
    outputs constant text[] := array(select a.attname::text from pg_attribute a
                                     where a.attrelid = a_view and a.attnum > 0 and not a.attisdropped order by a.attnum);
    todo jsonb[];
    at_output jsonb[]; -- for each of todo: at which place of its output is which column of the view
    node jsonb;
    places jsonb;
    child jsonb;
    below jsonb;
    passes constant text[] := '{Append,Merge Append,Subquery Scan,Aggregate,Unique,Sort,Incremental Sort,SetOp,Materialize}';
    place integer;
    found_name text;
begin
    branch := 0;
    todo := array[pollster.plan_of(format('select * from %s', a_view))];
    at_output := array[to_jsonb(array(select n - 1 from generate_series(1, cardinality(outputs)) n))];
    while cardinality(todo) > 0 loop
        node := todo[1];
        places := at_output[1];
        todo := todo[2:];
        at_output := at_output[2:];
        if node ->> 'Node Type' = any (passes) and node ? 'Plans' and not (node ? 'Relation Name') then
            for child in select c from jsonb_array_elements(node -> 'Plans') c loop
                if child ->> 'Parent Relationship' in ('InitPlan', 'SubPlan') then
                    branch := branch + 1;
                    return query select branch, s.called, s.rel, null::text, null::text, true, null::regclass, null::text, null::text
                        from pollster.scans_below(child) s;
                    continue;
                end if;
                below := places;
                if node ->> 'Node Type' = 'Subquery Scan' then
                    -- Its columns have the names of those below, or their places.
                    below := (select jsonb_agg(coalesce(
                                  (select c.i - 1 from jsonb_array_elements_text(child -> 'Output') with ordinality c(e, i)
                                   where split_part(pollster.column_in(c.e), '.', 2)
                                       = split_part(pollster.column_in(node -> 'Output' ->> p.at::integer), '.', 2) limit 1),
                                  case when jsonb_array_length(child -> 'Output') = jsonb_array_length(node -> 'Output')
                                       then p.at::bigint end) order by p.n)
                              from jsonb_array_elements_text(places) with ordinality p(at, n));
                end if;
                todo := todo || child;
                at_output := at_output || below;
            end loop;
            continue;
        end if;
        branch := branch + 1;
        return query
            with recursive scans as materialized (select * from pollster.scans_below(node)),
            equal as materialized (select * from pollster.equalities_below(node)),
            shown as (
                select outputs[p.n] as names, node -> 'Output' ->> p.at::integer as expression
                from jsonb_array_elements_text(places) with ordinality p(at, n) where p.at is not null
            ), same(names, c) as (
                select s.names, pollster.column_in(s.expression) from shown s
                where node ->> 'Node Type' not in ('Limit', 'WindowAgg', 'ProjectSet')
                union select s.names, e.b from same s join equal e on e.a = s.c
            ), of_tables as (
                select distinct s.called, s.rel, x.names, split.parts[2] as col
                from same x
                cross join lateral regexp_match(x.c, '^((?:"(?:[^"]|"")+"|[^".]+))\.(.*)$') split(parts)
                join scans s on split.parts[1] in (s.alias, s.called)
            ), made_of as (
                select distinct s.called, s.rel, x.names, split.parts[2] as col
                from shown x
                cross join lateral regexp_matches(pollster.without_literals(x.expression), '(' || pollster.column_pattern() || ')', 'g') r(refs)
                cross join lateral regexp_match(r.refs[1], '^((?:"(?:[^"]|"")+"|[^".]+))\.(.*)$') split(parts)
                join scans s on split.parts[1] in (s.alias, s.called)
            ), linked(a, b) as ( -- over others, too
                select e.a, e.b from equal e union select l.a, e.b from linked l join equal e on e.a = l.b
            ), groups as (
                select s.called, s.rel, mine.parts[2] as col, o.rel as other, theirs.parts[2] as other_col, o.col as other_key
                from linked e
                cross join lateral regexp_match(e.a, '^((?:"(?:[^"]|"")+"|[^".]+))\.(.*)$') mine(parts)
                cross join lateral regexp_match(e.b, '^((?:"(?:[^"]|"")+"|[^".]+))\.(.*)$') theirs(parts)
                join scans s on mine.parts[1] in (s.alias, s.called)
                join of_tables o on theirs.parts[1] = o.called and o.names = a_key and o.called <> s.called
            )
            select branch, t.called, t.rel, pollster.ident(t.col), t.names, true, null::regclass, null::text, null::text from of_tables t
            union select branch, m.called, m.rel, pollster.ident(m.col), m.names, false, null, null, null from made_of m
            union select branch, g.called, g.rel, pollster.ident(g.col), 'group', true, g.other, pollster.ident(g.other_col),
                         pollster.ident(g.other_key) from groups g
            union select branch, s.called, s.rel, null, null, true, null, null, null from scans s;
    end loop;
end $$;

-- Internal: an identifier without its quotation marks.
create function pollster.ident(a_quoted text) returns text language sql immutable parallel safe
    return case when left(a_quoted, 1) = '"' then replace(substr(a_quoted, 2, length(a_quoted) - 2), '""', '"')
                else a_quoted end;

-- The tables behind a view, by whatever detour, and the columns of each that it depends on. Through functions only as
-- far as PostgreSQL knows what they read (their body is not a text): `opaque` are the others.
create function pollster.behind(a_view regclass) returns table (rel regclass, columns text[], opaque regprocedure)
    language sql stable set search_path = pg_catalog, pg_temp set jit = off
as $$
    with recursive behind(class, object) as (
        select 'pg_class'::regclass::oid, a_view::oid
        union
        select d.refclassid, d.refobjid
        from behind b
        left join pg_rewrite w on b.class = 'pg_class'::regclass and w.ev_class = b.object
            -- What a materialized view reads is a copy.
            and (select v.relkind from pg_class v where v.oid = b.object) = 'v'
        join pg_depend d on (d.classid = 'pg_rewrite'::regclass and d.objid = w.oid)
            or (b.class = 'pg_proc'::regclass and d.classid = b.class and d.objid = b.object)
        where d.refclassid in ('pg_class'::regclass, 'pg_proc'::regclass) and d.deptype in ('n', 'a', 'i')
            and (d.refclassid, d.refobjid) <> (b.class, b.object)
    )
    select c.oid::regclass,
           array(select distinct a.attname::text from pg_depend d
                 join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
                 where d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and d.refobjsubid > 0
                     and ((d.classid = 'pg_rewrite'::regclass
                           and d.objid in (select w.oid from pg_rewrite w join behind v on v.object = w.ev_class
                                           where v.class = 'pg_class'::regclass))
                          or (d.classid = 'pg_proc'::regclass
                              and d.objid in (select v.object from behind v where v.class = 'pg_proc'::regclass)))
                 order by 1),
           null::regprocedure
    from behind b join pg_class c on b.class = 'pg_class'::regclass and c.oid = b.object and c.relkind in ('r', 'p', 'f', 'm')
    union all
    select null, null, p.oid::regprocedure
    from behind b join pg_proc p on b.class = 'pg_proc'::regclass and p.oid = b.object
    where p.prosqlbody is null and p.pronamespace not in ('pg_catalog'::regnamespace, 'pollster'::regnamespace)
        and p.prolang <> (select l.oid from pg_language l where l.lanname = 'internal')
        and p.prolang <> (select l.oid from pg_language l where l.lanname = 'c')
$$;

revoke execute on function pollster.plan_of, pollster.conjuncts, pollster.scans_below, pollster.equalities_below,
    pollster.origins_of, pollster.behind from public;
