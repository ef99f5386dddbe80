/*
 * ggml's matrix product for one thread, around the dot products of its arch/wasm/quants.c. The rest of ggml (threads, tensors,
 * graphs) is left out, so that nothing but the kernels is measured; loops and blocking are those of
 * ggml_compute_forward_mul_mat: 16 rows x 16 tokens at a time, a dot product for each pair.
 */
#include "ggml-impl.h"
#include "quants.h"
#include "simd-mappings.h"

#define EXPORT(name) __attribute__((export_name(#name))) name
enum { TILE = 16 };

/* ggml converts halves by looking them up. */
float ggml_table_f32_f16[1 << 16];

void EXPORT(init)(void) {
    for (int i = 0; i < 1 << 16; i++) ggml_table_f32_f16[i] = GGML_COMPUTE_FP16_TO_FP32((ggml_fp16_t) i);
}

typedef void (*quantize_row_t)(const float * x, void * y, int64_t k);
typedef void (*vec_dot_t)(int n, float * s, size_t bs, const void * w, size_t bw, const void * x, size_t bx, int nrc);

/* Bytes of what a row of `cols` numbers becomes. */
typedef struct { quantize_row_t quantize; int block_size; int block_bytes; } activation_type;
typedef struct { vec_dot_t dot; activation_type x; int block_size; int block_bytes; } weight_type;

#define Q8_0 { quantize_row_q8_0, QK8_0, sizeof(block_q8_0) }
#define Q8_1 { quantize_row_q8_1, QK8_1, sizeof(block_q8_1) }
#define Q8_K { quantize_row_q8_K, QK_K, sizeof(block_q8_K) }

/* By ggml's number of the type, which is also that in GGUF files. */
static const weight_type types[GGML_TYPE_COUNT] = {
    [GGML_TYPE_Q4_0] = { ggml_vec_dot_q4_0_q8_0, Q8_0, QK4_0, sizeof(block_q4_0) },
    [GGML_TYPE_Q4_1] = { ggml_vec_dot_q4_1_q8_1, Q8_1, QK4_1, sizeof(block_q4_1) },
    [GGML_TYPE_Q5_0] = { ggml_vec_dot_q5_0_q8_0, Q8_0, QK5_0, sizeof(block_q5_0) },
    [GGML_TYPE_Q5_1] = { ggml_vec_dot_q5_1_q8_1, Q8_1, QK5_1, sizeof(block_q5_1) },
    [GGML_TYPE_Q8_0] = { ggml_vec_dot_q8_0_q8_0, Q8_0, QK8_0, sizeof(block_q8_0) },
    [GGML_TYPE_Q2_K] = { ggml_vec_dot_q2_K_q8_K, Q8_K, QK_K, sizeof(block_q2_K) },
    [GGML_TYPE_Q3_K] = { ggml_vec_dot_q3_K_q8_K, Q8_K, QK_K, sizeof(block_q3_K) },
    [GGML_TYPE_Q4_K] = { ggml_vec_dot_q4_K_q8_K, Q8_K, QK_K, sizeof(block_q4_K) },
    [GGML_TYPE_Q5_K] = { ggml_vec_dot_q5_K_q8_K, Q8_K, QK_K, sizeof(block_q5_K) },
    [GGML_TYPE_Q6_K] = { ggml_vec_dot_q6_K_q8_K, Q8_K, QK_K, sizeof(block_q6_K) },
};

int EXPORT(has_type)(int type) {
    return type >= 0 && type < GGML_TYPE_COUNT && types[type].dot != NULL;
}

/* x [n_tokens, cols] -> out, blocks of the type that weights of `type` are multiplied with. */
void EXPORT(quantize)(int type, char * out, const float * x, int cols, int n_tokens) {
    const activation_type to = types[type].x;
    const size_t row_bytes = (size_t) cols / to.block_size * to.block_bytes;
    for (int t = 0; t < n_tokens; t++) to.quantize(x + (size_t) t * cols, out + t * row_bytes, cols);
}

/* out [n_tokens, rows] = weights [rows, cols] times what `quantize` made of x. */
void EXPORT(mul_mat)(int type, float * out, const char * weights, const char * x, int rows, int cols, int n_tokens) {
    const weight_type w = types[type];
    const size_t w_bytes = (size_t) cols / w.block_size * w.block_bytes;
    const size_t x_bytes = (size_t) cols / w.x.block_size * w.x.block_bytes;
    float tile[TILE];
    for (int t0 = 0; t0 < n_tokens; t0 += TILE) {
        for (int r0 = 0; r0 < rows; r0 += TILE) {
            const int n_rows = MIN(TILE, rows - r0);
            for (int t = t0; t < t0 + TILE && t < n_tokens; t++) {
                for (int r = 0; r < n_rows; r++) {
                    w.dot(cols, &tile[r], 0, weights + (r0 + r) * w_bytes, 0, x + t * x_bytes, 0, 1);
                }
                memcpy(out + (size_t) t * rows + r0, tile, n_rows * sizeof(float));
            }
        }
    }
}
