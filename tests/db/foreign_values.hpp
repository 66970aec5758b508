// What the columns of the contract's views may hold, and what becomes of a row that holds it
// (docs/DATABASE.md, "Values"): the table that values_pgtest goes through.
#pragma once

#include <string>
#include <vector>

struct foreign_value {
    std::string sql; // an expression of the column's type
    // How the row is seen by the protocol (values_pgtest: outcome_of), or "refused".
    std::string outcome;
};

struct foreign_column {
    std::string view;
    std::string column;
    std::string type; // that an application may have given it
    std::vector<foreign_value> values;
};

const std::vector<foreign_column>& foreign_columns();
