#pragma once

#include <libpq-fe.h>

#include <cstddef>
#include <utility>

#include "postgres/value.h"

namespace pgredis::postgres {

// Reads what has arrived of a libpq pipeline into its steps, one for each thing sent, the last one its sync. A step has `result`,
// its first one, and `ended`; current is where reading goes on. True when the sync has been answered, and the steps are to be
// replaced; else there is nothing more for now, or the connection is lost, which its owner notices by itself.
template <typename Steps>
bool read_pipeline(PGconn* connection, Steps& steps, std::size_t& current) {
    while (!steps.empty() && PQisBusy(connection) == 0) {
        ResultPtr result(PQgetResult(connection));
        auto& step = steps[current];
        if (result == nullptr) {
            if (PQstatus(connection) != CONNECTION_OK || !step.ended) return false;
            if (current + 1 < steps.size()) {
                ++current;
            } else {
                step.ended = false;  // an error before the sync's answer, or the last one of a backend that ends, and gives none
            }
            continue;
        }
        const auto status = PQresultStatus(result.get());
        if (status == PGRES_PIPELINE_SYNC) return true;
        step.ended = true;
        if (!step.result) step.result = std::move(result);
        if (status == PGRES_FATAL_ERROR && PQstatus(connection) != CONNECTION_OK) return false;
    }
    return false;
}

}  // namespace pgredis::postgres
