// The reader, fed in pieces, finds the same records as a reading of the whole.
#include "fcgi_app/fastcgi/record.hpp"
#include "tests/fcgi_app/fastcgi/conversation.hpp"
#include "tests/fuzz/targets.hpp"

#include <algorithm>

namespace fuzz {

void record_reader(std::string_view input)
{
    std::string whole(input);
    const auto expected = fastcgi_test::take_records(whole);

    std::vector<fastcgi_test::answer_record> found;
    fastcgi::record_reader reader;
    fastcgi_test::answer_record current;
    cuts cut(input);
    auto rest = input;
    while (!rest.empty()) {
        auto piece = cut.take(rest);
        for (;;) {
            const auto part = reader.next(piece);
            if (part == fastcgi::record_reader::part::nothing) {
                must(piece.empty(), "nothing means that all is used up");
                break;
            }
            if (part == fastcgi::record_reader::part::header) {
                current = {reader.header(), ""};
            } else if (part == fastcgi::record_reader::part::content) {
                must(!reader.content().empty(), "content is never empty");
                current.content += reader.content();
            } else {
                must(current.content.size() == current.header.content_length,
                     "a record ends when its content is complete");
                found.push_back(current);
            }
        }
    }
    // The last record may have ended although its padding is not complete.
    must(found.size() == expected.size() || found.size() == expected.size() + 1,
         "as many records as there are");
    must(std::equal(expected.begin(), expected.end(), found.begin()), "the same records");
    must(reader.between_records() == (whole.empty()), "between records at their end only");
}

} // namespace fuzz
