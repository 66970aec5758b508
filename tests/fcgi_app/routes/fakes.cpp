#include "tests/fcgi_app/routes/fakes.hpp"

#include <boost/fiber/operations.hpp>
#include <boost/test/unit_test.hpp>

#include <stdexcept>

namespace routes::testing {

void client::leave()
{
    gone = true;
    if (listener != nullptr) {
        listener->on_disconnect();
    }
}

int client::status() const
{
    const auto value = header("Status");
    return value.empty() ? 0 : std::stoi(value);
}

std::string client::header(std::string_view name) const
{
    const auto line = std::string(name) + ": ";
    const auto text = "\r\n" + head;
    const auto at = text.find("\r\n" + line);
    if (at == std::string::npos) {
        return {};
    }
    const auto begin = at + 2 + line.size();
    return text.substr(begin, text.find("\r\n", begin) - begin);
}

std::string client::said() const
{
    return std::to_string(status()) + (body.empty() ? "" : " " + body);
}

noting_exchange::~noting_exchange()
{
    client_.abandoned = !client_.ended;
    client_.listener = nullptr;
}

void noting_exchange::begin(std::string_view head)
{
    BOOST_TEST(client_.head.empty());
    BOOST_TEST(head.ends_with("\r\n\r\n"));
    if (!client_.gone) {
        client_.head = head;
    }
}

void noting_exchange::write(std::string_view bytes)
{
    BOOST_TEST((client_.gone || !client_.head.empty()));
    BOOST_TEST(!client_.ended);
    if (!client_.gone) {
        client_.body += bytes;
    }
    client_.on_write();
}

void noting_exchange::write(std::span<std::string_view> parts)
{
    for (const auto part : parts) {
        write(part);
    }
}

void noting_exchange::end()
{
    BOOST_TEST(!client_.ended);
    client_.ended = true;
}

void noting_exchange::wait_until_it_reads()
{
    boost::this_fiber::yield();
    client_.during_wait();
    client_.full = false;
}

void noting_exchange::on_disconnect(fastcgi::disconnect_listener* listener)
{
    client_.listener = listener;
    if (listener != nullptr && client_.gone) {
        listener->on_disconnect();
    }
}

void fake_posts::note(const db::reader& asker, const std::string& words)
{
    asked.push_back(words + " for " + asker.session_id + ", user " +
                    std::to_string(walls::number(asker.user)));
    during();
}

db::answer<std::vector<db::wall_summary>> fake_posts::walls_of(const db::reader& asker)
{
    note(asker, "walls");
    return walls;
}

db::answer<std::vector<db::wall_summary>>
fake_posts::walls_read(const db::reader& asker, std::span<const walls::wall_id> which)
{
    std::string words = "read of walls";
    for (const walls::wall_id wall : which) {
        words += ' ' + std::to_string(walls::number(wall));
    }
    note(asker, words);
    return walls;
}

namespace {
std::string upto(std::optional<walls::entry_id> before)
{
    return before ? " before " + std::to_string(walls::number(*before)) : "";
}
} // namespace

db::answer<db::history> fake_posts::posts_before(const db::reader& asker, walls::wall_id wall,
                                                 std::optional<walls::entry_id> before,
                                                 std::size_t limit)
{
    note(asker,
         std::to_string(limit) + " of wall " + std::to_string(walls::number(wall)) + upto(before));
    return page;
}

db::answer<db::history> fake_posts::search(const db::reader& asker, const db::search_query& wanted)
{
    note(asker, std::to_string(wanted.limit) + " of wall " +
                    std::to_string(walls::number(wanted.wall)) + upto(wanted.before) + " with \"" +
                    wanted.words + '"');
    return page;
}

db::answer<std::int64_t> fake_posts::mark_read(const db::reader& asker, walls::wall_id wall,
                                               walls::entry_id entry)
{
    note(asker, "wall " + std::to_string(walls::number(wall)) + " is read to " +
                    std::to_string(walls::number(entry)));
    return mark;
}

std::vector<db::answer<db::written_entry>>
fake_posts::add_posts(std::span<const db::new_post> group)
{
    added.insert(added.end(), group.begin(), group.end());
    during();
    return std::vector<db::answer<db::written_entry>>(group.size(), written);
}

db::answer<db::written_entry> fake_posts::change_post(const db::post_change& change)
{
    changed.push_back(change);
    during();
    return written;
}

db::result<std::optional<db::signed_in>>
fake_sessions::sign_in(const std::string& name, const std::string& password, const std::string&)
{
    asked.push_back("sign in " + name + '/' + password);
    return in;
}

db::result<bool> fake_sessions::sign_out(const std::string& session_id)
{
    asked.push_back("sign out " + session_id);
    on_sign_out(session_id);
    if (error) {
        return *error;
    }
    const bool before = signed_out[session_id];
    signed_out[session_id] = true;
    return !before;
}

db::result<std::vector<walls::identity_ptr>>
fake_sessions::find_identities(std::span<const std::string>)
{
    throw std::logic_error("routes ask the hub who somebody is");
}

db::result<walls::identity_ptr> fake_sessions::find_guest()
{
    throw std::logic_error("routes ask the hub who guests are");
}

db::result<std::vector<std::shared_ptr<walls::identity>>>
fake_sessions::find_named(std::span<const db::named>)
{
    throw std::logic_error("routes ask the hub who somebody is");
}

} // namespace routes::testing
