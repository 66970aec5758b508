#include "fcgi_app/cli/doctor/nginx_config.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace pollster::doctor {

namespace {

// Of what a server has, far more; of what a malicious text could make of its includes, little.
constexpr std::size_t most_directives = 100'000;
constexpr std::size_t deepest = 50;

struct source_file {
    std::string name;
    std::string_view text;
};

struct bad {
    std::string sentence;
};

// A word, or one of ; { } and the end.
struct token {
    enum class kind { word, end_of_directive, open, close, end_of_file } what{};
    std::string text{};
};

// As ngx_conf_read_token() does it: quotes and comments only where a word begins.
class reader {
public:
    explicit reader(std::string_view text)
        : rest_(text)
    {
    }

    std::size_t line() const { return line_; }

    token next()
    {
        skip_blanks();
        if (rest_.empty()) {
            return {token::kind::end_of_file};
        }
        switch (rest_.front()) {
        case ';':
            take();
            return {token::kind::end_of_directive};
        case '{':
            take();
            return {token::kind::open};
        case '}':
            take();
            return {token::kind::close};
        case '"':
        case '\'':
            return quoted(take());
        default:
            return word();
        }
    }

private:
    static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

    char take()
    {
        const char c = rest_.front();
        rest_.remove_prefix(1);
        line_ += c == '\n' ? 1U : 0U;
        return c;
    }

    void skip_blanks()
    {
        while (!rest_.empty() && (is_blank(rest_.front()) || rest_.front() == '#')) {
            if (take() == '#') {
                while (!rest_.empty() && rest_.front() != '\n') {
                    take();
                }
            }
        }
    }

    token quoted(char mark)
    {
        std::string out;
        while (!rest_.empty()) {
            const char c = take();
            if (c == mark) {
                break;
            }
            out += c == '\\' && !rest_.empty() ? take() : c;
        }
        return {token::kind::word, std::move(out)};
    }

    token word()
    {
        std::string out;
        while (!rest_.empty() && !is_blank(rest_.front()) && rest_.front() != ';') {
            if (rest_.front() == '{' && !(out.ends_with('$'))) {
                break;
            }
            const char c = take();
            out += c;
            if (c == '\\' && !rest_.empty()) {
                out += take();
            }
        }
        return {token::kind::word, std::move(out)};
    }

    std::string_view rest_;
    std::size_t line_ = 1;
};

// The files of the dump, in its order.
std::vector<source_file> files_of(std::string_view dump)
{
    constexpr std::string_view heading = "# configuration file ";
    std::vector<source_file> out;
    for (std::size_t at = 0; at < dump.size();) {
        const auto end = std::min(dump.find('\n', at), dump.size());
        const auto line = dump.substr(at, end - at);
        const auto next = std::min(end + 1, dump.size());
        if (line.starts_with(heading) && line.ends_with(':')) {
            const auto name = line.substr(heading.size(), line.size() - heading.size() - 1);
            out.push_back({std::string(name), dump.substr(next, 0)});
        } else if (!out.empty()) { // what comes before the first is nginx's own message
            auto& text = out.back().text;
            text = {text.data(), static_cast<std::size_t>(dump.data() + next - text.data())};
        }
        at = next;
    }
    if (out.empty()) {
        out.push_back({"nginx.conf", dump});
    }
    return out;
}

class tree_builder {
public:
    explicit tree_builder(std::vector<source_file> files)
        : files_(std::move(files))
    {
        const auto& main = files_.front().name;
        const auto slash = main.rfind('/');
        folder_ = slash == std::string::npos ? "" : main.substr(0, slash + 1);
    }

    // Throws bad.
    std::vector<directive> build()
    {
        std::vector<directive> out;
        read_file(files_.front(), out);
        return out;
    }

private:
    void read_file(const source_file& file, std::vector<directive>& out)
    {
        if (std::ranges::find(open_, file.name) != open_.end()) {
            throw bad{file.name + " includes itself"};
        }
        open_.push_back(file.name);
        reader in(file.text);
        if (read_block(file, in, out, 0)) {
            throw bad{file.name + ":" + std::to_string(in.line()) + ": a } too many"};
        }
        open_.pop_back();
    }

    // True: it ended with }, and not with the file.
    bool read_block(const source_file& file, reader& in, std::vector<directive>& out,
                    std::size_t depth)
    {
        if (depth + open_.size() > deepest) {
            throw bad{file.name + ": too deep"};
        }
        directive now;
        for (;;) {
            const auto t = in.next();
            switch (t.what) {
            case token::kind::word:
                if (now.words.empty()) {
                    now.file = file.name;
                    now.line = in.line();
                }
                now.words.push_back(t.text);
                break;
            case token::kind::end_of_directive:
                add(file, std::exchange(now, {}), out);
                break;
            case token::kind::open:
                if (now.words.empty()) {
                    throw bad{file.name + ":" + std::to_string(in.line()) +
                              ": a block without a name"};
                }
                now.has_block = true;
                if (!read_block(file, in, now.block, depth + 1)) {
                    throw bad{now.place() + ": " + now.name() + " { is never closed"};
                }
                add(file, std::exchange(now, {}), out);
                break;
            case token::kind::close:
            case token::kind::end_of_file:
                if (!now.words.empty()) {
                    throw bad{now.place() + ": " + now.name() + " does not end with ;"};
                }
                return t.what == token::kind::close;
            }
        }
    }

    void add(const source_file& file, directive d, std::vector<directive>& out)
    {
        if (d.words.empty()) {
            return; // a ; alone
        }
        if (++count_ > most_directives) {
            throw bad{file.name + ": more than 100,000 directives"};
        }
        if (d.name() != "include" || d.has_block || d.words.size() != 2) {
            out.push_back(std::move(d));
            return;
        }
        const auto wanted = d.words[1].starts_with('/') ? d.words[1] : folder_ + d.words[1];
        for (const auto& other : files_) {
            if (::fnmatch(wanted.c_str(), other.name.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0) {
                read_file(other, out);
            }
        }
    }

    std::vector<source_file> files_;
    std::string folder_;
    std::vector<std::string> open_; // the files that are being read, each by the one before
    std::size_t count_ = 0;
};

} // namespace

std::variant<std::vector<directive>, std::string> parse_nginx(std::string_view dump)
{
    try {
        return tree_builder(files_of(dump)).build();
    } catch (const bad& b) {
        return b.sentence;
    }
}

} // namespace pollster::doctor
