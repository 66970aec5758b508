// The answer to GET_VALUES (section 4.1). Pure; any thread.
#pragma once

#include "fcgi_app/fastcgi/limits.hpp"

#include <string>
#include <string_view>

namespace fastcgi {

// Appends a GET_VALUES_RESULT record with what is known of the names in `asked` (name-value pairs;
// what cannot be read is left out), each once: a record full of one name would otherwise get an
// answer that no record can hold.
void append_values(std::string& out, std::string_view asked, const limits& l);

} // namespace fastcgi
