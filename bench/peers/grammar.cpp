// Measures llama.cpp's grammars: a program over the libraries that node-llama-cpp brings along. Arguments: a vocabulary, and of how many
// tokens one is asked for its whole mask. Lines in: `S` and a schema, `T` and the tokens of a text. Lines out: `S` and the milliseconds
// until the first mask, or `E` where the schema is refused; `T`, whether the text may come and end, and the microseconds of masks.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "json-schema-to-grammar.h"
#include "json.h"
#include "llama.h"

static double now_us() {
    using namespace std::chrono;
    return duration<double, std::micro>(steady_clock::now().time_since_epoch()).count();
}

// All tokens with the same logit; those that may not come have -INFINITY afterwards.
struct mask {
    std::vector<llama_token_data> data;
    double us = 0;

    // Whether one token may come, without the mask.
    static bool allows_one(llama_sampler * grammar, llama_token token) {
        llama_token_data one = { token, 0.0f, 0.0f };
        llama_token_data_array array = { &one, 1, -1, false };
        llama_sampler_apply(grammar, &array);
        return one.logit == 0.0f;
    }
    void apply(llama_sampler * grammar) {
        for (size_t i = 0; i < data.size(); i++) data[i] = { (llama_token) i, 0.0f, 0.0f };
        llama_token_data_array array = { data.data(), data.size(), -1, false };
        const double start = now_us();
        llama_sampler_apply(grammar, &array);
        us = now_us() - start;
    }
};

int main(int argc, char ** argv) {
    if (argc != 3) return 2;
    const long every = atol(argv[2]);
    long n_tokens = 0;
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    llama_model_params params = llama_model_default_params();
    params.vocab_only = true;
    llama_model * model = llama_model_load_from_file(argv[1], params);
    if (!model) return 1;
    const llama_vocab * vocab = llama_model_get_vocab(model);
    mask allowed;
    allowed.data.resize(llama_vocab_n_tokens(vocab));
    llama_sampler * start = nullptr; // the grammar before any text
    std::string line;
    while (std::getline(std::cin, line)) {
        if (line[0] == 'S') {
            if (start) llama_sampler_free(start);
            start = nullptr;
            const double begin = now_us();
            try {
                const std::string grammar = json_schema_to_grammar(common_json::parse(line.substr(2)));
                start = llama_sampler_init_grammar(vocab, grammar.c_str(), "root");
            } catch (const std::exception &) {
            }
            if (start) allowed.apply(start);
            if (start) printf("S %f\n", (now_us() - begin) / 1000);
            else printf("E\n");
        } else if (start) {
            llama_sampler * grammar = llama_sampler_clone(start);
            std::istringstream tokens(line.substr(2));
            std::ostringstream times;
            bool fits = true;
            for (llama_token token; fits && tokens >> token; n_tokens++) {
                if (n_tokens % every == 0) {
                    allowed.apply(grammar);
                    times << ' ' << allowed.us;
                }
                fits = mask::allows_one(grammar, token);
                try {
                    if (fits) llama_sampler_accept(grammar, token);
                } catch (const std::exception &) {
                    fits = false;
                }
            }
            fits = fits && mask::allows_one(grammar, llama_vocab_eos(vocab));
            printf("T %d%s\n", fits ? 1 : 0, times.str().c_str());
            llama_sampler_free(grammar);
        }
        fflush(stdout);
    }
    return 0;
}
