/* Signatures against the published examples: AWS's signature test suite, and the examples of the S3 reference. */
#include "fops/net/sigv4.h"

#include <criterion/criterion.h>

#include "fops/base/arena.h"
#include "fops/net/secret.h"

#define NO_BODY SIGV4_NO_PAYLOAD

/* 2015-08-30T12:36:00Z and 2013-05-24T00:00:00Z */
#define SUITE_TIME   ((struct instant){ INT64_C(1440938160000) })
#define STORAGE_TIME ((struct instant){ INT64_C(1369353600000) })

static struct arena *arena;

static void make(void)
{
	arena = arena_new((size_t)16 * 1024 * 1024);
}

static void done(void)
{
	arena_free(arena);
}

TestSuite(sigv4, .init = make, .fini = done);

static const char *line_of(const struct text_list *lines, const char *name)
{
	for (size_t i = 0; i < lines->count; i++) {
		if (text_starts(lines->items[i], name))
			return lines->items[i];
	}
	return "";
}

static struct text_list sign(const char *id, const char *secret, const char *service,
                             const struct sigv4_request *request)
{
	struct secret *access_key = secret_new(id, strlen(id));
	struct secret *secret_key = secret_new(secret, strlen(secret));
	struct sigv4_key key = { access_key, secret_key, "us-east-1", service };
	struct text_list lines = sigv4_sign(arena, &key, request);

	secret_free(access_key);
	secret_free(secret_key);
	return lines;
}

/* AWS Signature Version 4 test suite: host, service, credentials and time are the same in all. */
static const struct {
	const char *name;
	const char *method;
	const char *path;
	const char *query;
	const char *headers[4];
	const char *signature;
} suite[] = {
	{ "get-vanilla",
	  "GET",
	  "/",
	  NULL,
	  { NULL },
	  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
	{ "post-vanilla",
	  "POST",
	  "/",
	  NULL,
	  { NULL },
	  "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b" },
	{ "get-vanilla-query-order-key-case",
	  "GET",
	  "/",
	  "Param2=value2&Param1=value1",
	  { NULL },
	  "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500" },
	{ "get-slash",
	  "GET",
	  "//",
	  NULL,
	  { NULL },
	  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
	{ "get-relative-relative",
	  "GET",
	  "/example1/example2/../..",
	  NULL,
	  { NULL },
	  "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
	{ "get-space",
	  "GET",
	  "/example space/",
	  NULL,
	  { NULL },
	  "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741" },
	{ "get-utf8",
	  "GET",
	  "/\xE1\x88\xB4",
	  NULL,
	  { NULL },
	  "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85" },
	{ "get-unreserved",
	  "GET",
	  "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
	  NULL,
	  { NULL },
	  "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f" },
	{ "get-header-value-trim",
	  "GET",
	  "/",
	  NULL,
	  { "My-Header1: value1", "My-Header2: \"a   b   c\"", NULL },
	  "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736" },
};

Test(sigv4, signs_the_test_suite)
{
	for (size_t i = 0; i < ARRAY_LEN(suite); i++) {
		struct sigv4_request request = { .method = suite[i].method,
			                         .host = "example.amazonaws.com",
			                         .path = suite[i].path,
			                         .query = suite[i].query,
			                         .payload = NO_BODY,
			                         .when = SUITE_TIME };
		struct text_list lines;

		for (size_t h = 0; suite[i].headers[h] != NULL; h++)
			text_list_add(arena, &request.headers, suite[i].headers[h]);
		lines = sign("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "service", &request);
		cr_expect_str_eq(line_of(&lines, "X-Amz-Date"), "X-Amz-Date: 20150830T123600Z");
		cr_expect_str_eq(line_of(&lines, "X-Amz-Content"), "");
		cr_expect(text_ends(line_of(&lines, "Authorization"), suite[i].signature), "%s: %s", suite[i].name,
		          line_of(&lines, "Authorization"));
	}
}

Test(sigv4, names_what_it_signed)
{
	struct sigv4_request request = {
		.method = "GET", .host = "example.amazonaws.com", .path = "/", .payload = NO_BODY, .when = SUITE_TIME
	};
	struct text_list lines = sign("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "service", &request);

	cr_expect_str_eq(
	        line_of(&lines, "Authorization"),
	        "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
	        "SignedHeaders=host;x-amz-date, "
	        "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
	/* headers of one name become one, in their order */
	text_list_add(arena, &request.headers, "B: 2");
	text_list_add(arena, &request.headers, "a: x  y ");
	text_list_add(arena, &request.headers, "b:1");
	lines = sign("A", "b", "service", &request);
	cr_expect_not_null(strstr(line_of(&lines, "Authorization"), "SignedHeaders=a;b;host;x-amz-date, "));
}

/* Amazon S3 API reference, "Examples: Signature calculations". */
static const struct {
	const char *method;
	const char *path;
	const char *query;
	const char *headers[4];
	const char *payload;
	const char *signature;
} storage[] = {
	{ "GET",
	  "/test.txt",
	  NULL,
	  { "Range: bytes=0-9", NULL },
	  NO_BODY,
	  "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41" },
	{ "PUT",
	  "/test%24file.text",
	  NULL,
	  { "Date: Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class: REDUCED_REDUNDANCY", NULL },
	  "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
	  "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd" },
	{ "GET",
	  "/",
	  "lifecycle",
	  { NULL },
	  NO_BODY,
	  "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543" },
	{ "GET",
	  "/",
	  "max-keys=2&prefix=J",
	  { NULL },
	  NO_BODY,
	  "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7" },
};

static struct text_list sign_storage(const char *method, const char *path, const char *query, const char *payload,
                                     const char *const *headers)
{
	struct sigv4_request request = { .method = method,
		                         .host = "examplebucket.s3.amazonaws.com",
		                         .path = path,
		                         .query = query,
		                         .payload = payload,
		                         .when = STORAGE_TIME };

	for (size_t h = 0; headers[h] != NULL; h++)
		text_list_add(arena, &request.headers, headers[h]);
	return sign("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "s3", &request);
}

Test(sigv4, signs_the_examples_of_s3)
{
	for (size_t i = 0; i < ARRAY_LEN(storage); i++) {
		struct text_list lines = sign_storage(storage[i].method, storage[i].path, storage[i].query,
		                                      storage[i].payload, storage[i].headers);

		cr_expect(text_ends(line_of(&lines, "Authorization"), storage[i].signature), "%zu: %s", i,
		          line_of(&lines, "Authorization"));
		cr_expect(text_ends(line_of(&lines, "X-Amz-Content-Sha256"), storage[i].payload));
	}
}

Test(sigv4, reads_a_path_of_s3_as_the_store_does)
{
	static const char *const none[] = { NULL };
	for (size_t i = 0; i < 2; i++) {
		struct text_list a = sign_storage("GET", i == 0 ? "/a%21b" : "/a//b", NULL, NO_BODY, none);
		struct text_list b = sign_storage("GET", i == 0 ? "/a!b" : "/a/b", NULL, NO_BODY, none);
		const char *left = line_of(&a, "Authorization");
		const char *right = line_of(&b, "Authorization");

		/* an encoded byte is the byte; two slashes are another key than one */
		cr_expect_eq(strcmp(left, right) == 0, i == 0, "%s %s", left, right);
	}
}
