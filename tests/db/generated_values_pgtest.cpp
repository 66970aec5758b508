// For every column of every view of the contract, as the catalog lists them: good rows stand beside
// rows with every value that the column's type can hold, beside an expression that raises an error
// in its place, and beside a second copy of every row. Every statement of the server answers for
// the good rows as before. values_pgtest checks what becomes of the odd rows themselves.
#include "tests/db/foreign_fixture.hpp"

namespace {

// The ends of what a type holds, and what the protocol cannot carry.
std::vector<std::string> values_of(const std::string& type)
{
    if (type == "smallint") {
        return {"null", "-32768", "-1", "0", "32767"};
    }
    if (type == "integer") {
        return {"null", "-2147483648", "-1", "0", "2147483647"};
    }
    if (type == "bigint") {
        return {"null", "'-9223372036854775808'", "-1",
                "0",    "9007199254740993",       "9223372036854775807"};
    }
    if (type == "numeric") {
        return {"null",
                "'NaN'",
                "'Infinity'",
                "'-Infinity'",
                "-1e1000",
                "-1",
                "0",
                "0.5",
                "1.5",
                "88.5",
                "9223372036854775807.5",
                "9223372036854775808",
                "1e1000"};
    }
    if (type == "double precision") {
        return {"null", "'NaN'", "'Infinity'", "'-Infinity'",         "-1e300", "-1",
                "'-0'", "0.5",   "1.5",        "9223372036854775808", "1e300"};
    }
    if (type == "text") {
        return {"null",
                "''",
                "' '",
                R"(E'"\\\' \n\r\t\x01\x1f\x7f')",
                R"(E'\u202e\ufeff\uffff\U0010ffff')",
                "repeat('x', 2000)",
                "repeat('x', 70000)",
                R"(repeat(E'\U0001f600', 20000))",
                "repeat('x', 10000000)",
                "(select string_agg(md5(n::text), ' ') from generate_series(1, 100000) n)"};
    }
    if (type == "boolean") {
        return {"null", "true", "false"};
    }
    if (type == "bytea") {
        return {"null", "''", R"('\x00')", "sha256('x') || 'y'",
                "convert_to(repeat('x', 10000000), 'UTF8')"};
    }
    if (type.starts_with("timestamp")) {
        return {"null",
                "'infinity'",
                "'-infinity'",
                "'4714-11-24 00:00:00 BC'",
                "'0001-12-31 23:59:59.999999 BC'",
                "'1969-12-31 23:59:59.999999'",
                "'2262-04-12 00:00:00'",
                "'9999-12-31 23:59:59.999999'",
                "'10000-01-01 00:00:00'",
                "'294276-12-31 23:59:59.999999'"};
    }
    if (type == "date") {
        return {"null", "'infinity'", "'-infinity'", "'4714-11-24 BC'", "'5874897-12-31'"};
    }
    throw std::runtime_error("what can the type " + type + " hold?");
}

// What else an application may have instead.
std::vector<std::string> types_instead_of(const std::string& type)
{
    if (type == "bigint") {
        return {"bigint", "integer", "numeric", "double precision"};
    }
    if (type == "timestamp with time zone") {
        return {type, "timestamp without time zone", "date"};
    }
    return {type};
}

// Found by this column, a row cannot be told from others if it cannot be read.
bool is_key(const std::string& view, const std::string& column)
{
    return column == "id" || column == "token_hash" ||
           (view == "memberships" && column == "user_id");
}

struct contract_column {
    std::string view;
    std::string column;
    std::string type;
};

struct generated_fixture : foreign_fixture {
    std::vector<contract_column> contract() const
    {
        std::vector<contract_column> out;
        const std::unique_ptr<PGresult, decltype(&PQclear)> r(
            PQexec(connection.get(),
                   "select c.relname, a.attname, format_type(a.atttypid, null) from pg_class c "
                   "join pg_attribute a on a.attrelid = c.oid where c.relkind = 'v' and a.attnum > "
                   "0 and c.relnamespace = 'pollster'::regnamespace and c.relname in ('users', "
                   "'walls', 'memberships', 'sessions', 'posts') order by c.relname, a.attnum"),
            &PQclear);
        for (int i = 0; i < PQntuples(r.get()); ++i) {
            out.push_back(
                {PQgetvalue(r.get(), i, 0), PQgetvalue(r.get(), i, 1), PQgetvalue(r.get(), i, 2)});
        }
        return out;
    }

    std::string columns(const std::string& view) const
    {
        std::string all;
        for (const auto& c : contract()) {
            all += c.view != view ? "" : (all.empty() ? "" : ", ") + c.column;
        }
        return all;
    }

    void fresh()
    {
        database = std::make_unique<db::database>(
            settings); // plans that sessions keep are of the types of before
        cli = std::move(db::administrator::connect(settings).value());
    }

    // The view shows `what` of a table app.t, a copy of its rows with the column of that type.
    void lay(const contract_column& c, const std::string& all, const std::string& what)
    {
        run("create table app.t as select " +
            with(all, c.column, c.column + "::" + c.type + " as " + c.column) +
            ", false as bad from pollster_default." + c.view + "; drop view pollster." + c.view +
            "; create view pollster." + c.view + " as " + what +
            "; do $$ begin perform pollster.let_serve(); end $$");
    }
    // Triggers as an application has them; none of them may fail its transaction.
    void watch(const std::string& view)
    {
        const std::string deferred =
            " deferrable initially deferred for each row execute function ";
        run(view == "posts" ? "create constraint trigger feed_entry after insert or delete or "
                              "update on app.t" +
                                  deferred + "pollster.feed_entry()"
            : view == "walls"
                ? "create trigger wall_removed after delete on app.t for each row execute function "
                  "pollster.wall_removed()"
            : view == "users"
                ? "create constraint trigger changed after insert or update or delete on app.t" +
                      deferred + "pollster.access_changed('id', 'name')"
                : "create constraint trigger changed after insert or update or delete on app.t" +
                      deferred + "pollster.access_changed()");
    }
    void take_away(const std::string& view, const std::string& all)
    {
        run("drop view pollster." + view + "; drop table app.t; create view pollster." + view +
            " as select " + all + " from pollster_default." + view +
            "; do $$ begin perform pollster.let_serve(); end $$");
        run("delete from pollster.entries where id > 3 or wall_id not in (1, 2); "
            "update pollster.heads set last_entry = 3 where last_entry <> 3; "
            "delete from pollster.heads where wall_id not in (1, 2)");
    }

    // One more row: a good one, but for `column`. Columns that this does not know are null.
    std::string row(const std::string& view, const std::string& all, const std::string& column,
                    const std::string& value, int n) const
    {
        const auto id = std::to_string(900 + n);
        const std::string known =
            view == "users"         ? id + " as id, 'bad' as name, false as disabled"
            : view == "walls"       ? id + " as id, 'bad' as name, 'chat' as kind"
            : view == "memberships" ? "3 as user_id, 3 as wall_id"
            : view == "sessions"
                ? "sha256('" + id +
                      "') as token_hash, 3 as user_id, now() as created_at, "
                      "timestamptz 'infinity' as expires_at"
                : id + " as id, 1 as wall_id, 3 as user_id, 'bad' as body, now() as created_at";
        std::string picked;
        for (std::size_t from = 0; from < all.size();) {
            const auto to = std::min(all.find(", ", from), all.size());
            const auto one = all.substr(from, to - from);
            picked += (picked.empty() ? "" : ", ") +
                      (one == column                                   ? value
                       : known.find(" as " + one) != std::string::npos ? "r." + one
                                                                       : "null");
            from = to + 2;
        }
        return "select " + picked + ", true from (select " + known + ") r";
    }

    // Without the commands of operators, which list all rows and say what is wrong with one.
    static lines served(lines all)
    {
        std::erase_if(all, [](const auto& line) {
            return line.starts_with("list_") || line.starts_with("user ") ||
                   line.starts_with("session ") ||
                   (line.starts_with("wall ") && !line.starts_with("wall of "));
        });
        return all;
    }

    void compare(const lines& before, const lines& after)
    {
        BOOST_TEST(missing(before, after) == "");
        for (const auto& line : after) {
            // An error is a line of its own.
            BOOST_TEST(line.find("ERROR") == std::string::npos, line);
        }
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(generated_values_, generated_fixture)

BOOST_AUTO_TEST_CASE(neighbours_of_every_value_that_a_column_can_hold_are_answered_as_before)
{
    for (const auto& c : contract()) {
        const auto all = columns(c.view);
        for (const auto& type : types_instead_of(c.type)) {
            BOOST_TEST_CONTEXT(c.view << "." << c.column << " " << type)
            {
                lay({c.view, c.column, type}, all, "select " + all + " from app.t");
                watch(c.view);
                fresh();
                const auto before = read();
                BOOST_TEST(before.size() > 20u);
                int n = 0;
                for (const auto& value : values_of(type)) {
                    run("insert into app.t (" + all + ", bad) " +
                        row(c.view, all, c.column, "(" + value + ")::" + type, ++n));
                }
                compare(before, read());
                if (c.view != "posts") { // whose ids come from a sequence
                    write();
                    run("delete from pollster.posts where body like 'new %'");
                }
                run("update app.t set bad = true where bad; delete from app.t where bad");
                compare(before, read());
                take_away(c.view, all);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(neighbours_of_a_row_that_cannot_be_read_are_answered_as_before)
{
    // A view whose columns are volatile is planned in another way.
    for (const std::string volatility : {"stable", "volatile"}) {
        run("create function app.fail_" + volatility +
            "(v anyelement) returns anyelement language plpgsql " + volatility +
            " as $$ begin raise exception 'unreadable' using errcode = "
            "'invalid_text_representation'; end $$");
        for (const auto& c : contract()) {
            if (is_key(c.view, c.column)) {
                continue;
            }
            const auto all = columns(c.view);
            BOOST_TEST_CONTEXT(c.view << "." << c.column << " " << volatility)
            {
                lay(c, all,
                    "select " +
                        with(all, c.column,
                             "case when bad then app.fail_" + volatility + "(" + c.column +
                                 ") else " + c.column + " end as " + c.column) +
                        " from app.t");
                watch(c.view);
                fresh();
                const auto before = read();
                run("insert into app.t (" + all + ", bad) " + row(c.view, all, "", "", 1));
                compare(served(before), served(read()));
                if (c.view != "sessions" &&
                    c.column != "name") { // names are what a sign-in goes by
                    const auto in = sessions().sign_in("ann", "ann secret");
                    BOOST_TEST((in && in->has_value()), (in ? "" : in.error().why));
                }
                BOOST_TEST(database->count().failures == 0u);
                take_away(c.view, all);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(neighbours_of_a_row_whose_view_raises_are_answered_as_before)
{
    run("create function app.good(bad boolean) returns boolean language plpgsql cost 1000 as "
        "$$ begin if bad then raise exception 'unreadable'; end if; return true; end $$");
    for (const std::string view : {"users", "walls", "memberships", "sessions", "posts"}) {
        const auto all = columns(view);
        BOOST_TEST_CONTEXT(view)
        {
            lay({view, "", ""}, all, "select " + all + " from app.t where app.good(bad)");
            watch(view);
            // As an application would have: its rows are found by these.
            run(view == "memberships" ? "create index on app.t (user_id)"
                : view == "sessions"  ? "create index on app.t (token_hash)"
                                      : "create index on app.t (id)");
            fresh();
            const auto before = read();
            run("insert into app.t (" + all + ", bad) " + row(view, all, "", "", 1));
            compare(served(before), served(read()));
            take_away(view, all);
        }
    }
}

BOOST_AUTO_TEST_CASE(rows_that_a_view_shows_twice_are_answered_once)
{
    for (const std::string view : {"users", "walls", "memberships", "sessions", "posts"}) {
        const auto all = columns(view);
        BOOST_TEST_CONTEXT(view)
        {
            lay({view, "", ""}, all, "select " + all + " from app.t");
            fresh();
            const auto before = read();
            run("create or replace view pollster." + view + " as select " + all +
                " from app.t union all select " + all + " from app.t");
            fresh();
            const auto after = served(read());
            compare(served(before), after);
            const std::set<std::string> once(after.begin(), after.end());
            BOOST_TEST(once.size() == after.size());
            take_away(view, all);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
