// pollster setup: role, database, extension, schema, the first user and wall
#include "db/setup.hpp"
#include "db/conninfo.hpp"
#include "fcgi_app/cli/account.hpp"
#include "fcgi_app/cli/administration.hpp"
#include "fcgi_app/cli/password.hpp"

#include <unistd.h>

#include <algorithm>
#include <optional>

namespace pollster::cli {

namespace {

constexpr const char* superuser = "postgres"; // the account and the role, in every package

// What there is to make, and as whom.
struct plan {
    std::string role;
    std::string database;
    std::string conninfo; // of the server itself: as the settings say
    bool as_superuser = false;
    std::string hba_file{};         // if it is known
    std::optional<account> becomes; // root: the account of the unit, which makes the schema
};

plan plan_of(const config& settings)
{
    const auto& conninfo = settings.database.database;
    plan p;
    p.conninfo = conninfo;
    const auto postgres = account_named(superuser);
    p.as_superuser =
        by_account(conninfo) && (is_root() || (postgres && postgres->uid == ::geteuid()));
    p.role = p.as_superuser ? settings.account : db::said_of("user", conninfo);
    p.database = db::said_of("dbname", conninfo);
    if (p.database.empty()) {
        p.database = p.role; // as libpq does
    }
    return p;
}

void tell(const invocation& call, const std::string& what, db::step s,
          const std::string& made = "made", const std::string& changed = "changed")
{
    call.with.out << db::shown(what) << ": "
                  << (s == db::step::was_there ? "is there already"
                      : s == db::step::made    ? made
                                               : changed)
                  << std::endl;
}

// One line: what is wrong, and what to do about it.
std::string told(const plan& p, const db::setback& s)
{
    switch (s.kind) {
    case db::obstacle::away:
        return "PostgreSQL does not answer (is it installed and started? apt install postgresql; "
               "systemctl start postgresql; a server elsewhere is named by `database`): " +
               s.sentence;
    case db::obstacle::not_let_in:
        if (by_account(p.conninfo)) {
            return "PostgreSQL does not take this account for the role \"" + p.role +
                   "\": put the line `local all " + p.role + " peer` first into " +
                   (p.hba_file.empty() ? "pg_hba.conf" : p.hba_file) +
                   " and run `systemctl reload postgresql`: " + s.sentence;
        }
        return "PostgreSQL does not let \"" + p.role +
               "\" in; check the password and pg_hba.conf: " + s.sentence;
    default:
        return s.sentence;
    }
}

// Where the credentials of the settings do not suffice.
int ask_for_administrator(const invocation& call, const plan& p, const db::setback& s,
                          db::missing from)
{
    call.with.out << "-- To be run in psql by an administrator of the database; then "
                     "`pollster setup` again:\n";
    const bool local = by_account(p.conninfo);
    for (const auto& line : db::founding_sql(p.role, p.database, !local, from)) {
        call.with.out << line << '\n';
    }
    return complain(call.with.err,
                    (local ? "what is missing is made by root (sudo pollster setup), or by the SQL "
                             "above: "
                     : s.kind == db::obstacle::not_let_in
                         ? "the password is wrong, or an administrator of the database has to run "
                           "the SQL above first: "
                         : "an administrator of the database has to run the SQL above first: ") +
                        s.sentence);
}

db::attempt<std::unique_ptr<db::founder>> connect(const plan& p, const std::string& database)
{
    const auto conninfo = db::with_keyword(p.conninfo, "dbname", database);
    if (!p.as_superuser) {
        return db::founder::connect(conninfo);
    }
    std::optional<acting_as> as;
    if (is_root()) {
        as.emplace(*account_named(superuser)); // was there a moment ago
    }
    return db::founder::connect(db::with_keyword(conninfo, "user", superuser));
}

int make_role_and_database(const invocation& call, plan& p)
{
    auto session = connect(p, superuser); // its own database, too
    if (!session) {
        plan of_superuser = p;
        of_superuser.role = superuser;
        return complain(call.with.err, told(of_superuser, session.error()));
    }
    p.hba_file = (*session)->hba_file();
    const auto role = (*session)->role(p.role);
    if (!role) {
        return complain(call.with.err, told(p, role.error()));
    }
    tell(call, "role " + in_quotes(p.role), *role, "made", "may log in now");
    const auto database = (*session)->database(p.database, p.role);
    if (!database) {
        return complain(call.with.err, told(p, database.error()));
    }
    tell(call, "database " + in_quotes(p.database), *database);
    return done;
}

// With the credentials of the settings: an administrator may have made both already.
int find_role_and_database(const invocation& call, const plan& p)
{
    auto session = connect(p, p.database);
    if (session) {
        tell(call, "role " + in_quotes((*session)->user()), db::step::was_there);
        tell(call, "database " + in_quotes(p.database), db::step::was_there);
        return done;
    }
    auto why = session.error();
    auto from = db::missing::role;
    if (why.kind == db::obstacle::no_such_database) {
        if (auto elsewhere = connect(p, superuser)) {
            tell(call, "role " + in_quotes((*elsewhere)->user()), db::step::was_there);
            from = db::missing::database;
            const auto database = (*elsewhere)->database(p.database, p.role);
            if (database) {
                tell(call, "database " + in_quotes(p.database), *database);
                return done;
            }
            why = database.error();
        }
    }
    if (why.kind == db::obstacle::away || why.kind == db::obstacle::other) {
        return complain(call.with.err, told(p, why));
    }
    return ask_for_administrator(call, p, why, from);
}

int prepare_database(const invocation& call, const plan& p)
{
    auto session = connect(p, p.database);
    if (!session) {
        return complain(call.with.err, told(p, session.error()));
    }
    const auto right = (*session)->right_to_create(p.role);
    if (!right) {
        return complain(call.with.err, told(p, right.error()));
    }
    tell(call, "right of " + in_quotes(p.role) + " to make schemas", *right, "granted");
    const auto extension = (*session)->extension("pgcrypto");
    if (!extension) {
        if (extension.error().kind == db::obstacle::no_right) {
            return ask_for_administrator(call, p, extension.error(), db::missing::extension);
        }
        return complain(call.with.err,
                        "the extension pgcrypto cannot be made (Debian has it in the package "
                        "postgresql, others in postgresql-contrib): " +
                            extension.error().sentence);
    }
    tell(call, "extension pgcrypto", *extension);
    const auto owner = (*session)->schema_owner(p.role);
    if (!owner) {
        return complain(call.with.err, "the schema pollster belongs to another role, which has to "
                                       "give it to " +
                                           in_quotes(p.role) + ": " + owner.error().sentence);
    }
    if (*owner == db::step::changed) {
        tell(call, "schema pollster", *owner, {},
             "belonged to another role, belongs to " + in_quotes(p.role) + " now");
    }
    return done;
}

// As the account of the unit, which shows that PostgreSQL lets it in.
int make_schema(const invocation& call, const plan& p, const config& settings)
{
    if (p.becomes) {
        const auto as_account = db::founder::connect(settings.database.database);
        if (!as_account) {
            return complain(call.with.err, told(p, as_account.error()));
        }
    }
    auto patient = settings.database;
    patient.statement_timeout = std::chrono::hours(24); // a migration takes what it takes
    const auto migrated = call.with.migrate(
        patient, [&](const std::string& line) { call.with.out << "  " << line << std::endl; });
    if (!migrated) {
        return complain(call.with.err, migrated.error().sentence);
    }
    tell(call, "schema, version " + std::to_string(migrated->to),
         migrated->from == migrated->to ? db::step::was_there : db::step::made);
    return done;
}

int add_first_user(const invocation& call, const config& settings)
{
    const auto name = call.options["admin"].as<std::string>();
    const auto wall =
        call.options.count("wall") != 0 ? call.options["wall"].as<std::string>() : "General";
    auto connected = call.with.connect(settings.database);
    if (!connected) {
        return complain(call.with.err, connected.error().sentence);
    }
    db::administrator& a = **connected;
    const auto users = a.list_users();
    if (!users) {
        return complain(call.with.err, users.error().sentence);
    }
    const bool known = std::ranges::find(*users, name, &db::user_row::name) != users->end();
    if (!known) {
        const auto password =
            read_password(call.with, name, call.options.count("password-stdin") != 0);
        if (!password) {
            return complain(call.with.err, password.error().sentence);
        }
        if (const auto added = a.add_user(name, *password); !added) {
            return complain(call.with.err, added.error().sentence);
        }
    }
    tell(call, "user " + in_quotes(name), known ? db::step::was_there : db::step::made);
    const auto walls = a.list_walls();
    if (!walls) {
        return complain(call.with.err, walls.error().sentence);
    }
    const bool stands = std::ranges::find(*walls, wall, &db::wall_row::name) != walls->end();
    if (!stands) {
        if (const auto added = a.add_wall(wall, "chat"); !added) {
            return complain(call.with.err, added.error().sentence);
        }
    }
    tell(call, "wall " + in_quotes(wall), stands ? db::step::was_there : db::step::made);
    const auto granted = a.grant(wall, {name});
    if (!granted) {
        return complain(call.with.err, granted.error().sentence);
    }
    tell(call, "membership of " + in_quotes(name) + " in " + in_quotes(wall),
         *granted == 0 ? db::step::was_there : db::step::made);
    return done;
}

int setup(const invocation& call)
{
    if (call.options.count("wall") > call.options.count("admin")) {
        return complain(call.with.err, "--wall needs --admin NAME, who may see the wall", misused);
    }
    plan p = plan_of(call.settings);
    config settings = call.settings;
    if (p.as_superuser && is_root()) {
        p.becomes = account_named(p.role);
        if (!p.becomes) {
            return complain(call.with.err, no_account(p.role));
        }
        if (!account_named(superuser)) {
            return complain(call.with.err,
                            "there is no account postgres, so no PostgreSQL on this host: apt "
                            "install postgresql, or name a server elsewhere by `database`");
        }
    } else if (p.as_superuser) { // the superuser may act as any role, but not be the account
        settings.database.database = db::with_keyword(
            db::with_keyword(p.conninfo, "user", superuser), "options", "-c role=" + p.role);
    }
    if (const int wrong =
            p.as_superuser ? make_role_and_database(call, p) : find_role_and_database(call, p)) {
        return wrong;
    }
    if (const int wrong = prepare_database(call, p)) {
        return wrong;
    }
    std::optional<acting_as> as;
    if (p.becomes) {
        as.emplace(*p.becomes);
    }
    if (const int wrong = make_schema(call, p, settings)) {
        return wrong;
    }
    return call.options.count("admin") != 0 ? add_first_user(call, settings) : done;
}

} // namespace

void add_setup_commands(std::vector<command>& table)
{
    table.push_back(
        {"setup",
         "",
         "make role, database, extension and schema",
         "Safe to repeat: it says of each whether it was there. As root, with a database on this "
         "host, it asks PostgreSQL as the account postgres, and makes the role that the unit's "
         "account is taken for. Otherwise it works with what `database` says, and prints the SQL "
         "for which it lacks the right.",
         0,
         0,
         {"admin", "wall", "password-stdin"},
         setup,
         true});
}

} // namespace pollster::cli
