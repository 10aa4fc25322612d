/* The corpus's back end (tlsback.c) inside a program that has an old OpenSSL built in and exports it: loaded with
 * dlopen, it runs as if it were the program. OpenSSL 1.0.1 has no list of curves: the first one is taken.
 * cc -fPIC -shared -I HEADERS -DTLSBACK='"…/tlsback.c"' -o old.so old-shim.c */
#include <openssl/opensslconf.h>
#undef OPENSSL_NO_SSL2 /* the headers are those of a build without it; the program has it */
#include <openssl/ec.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if OPENSSL_VERSION_NUMBER < 0x10002000L
static int first_curve(SSL_CTX *context, const char *list) {
  char name[200];
  strncpy(name, list, sizeof name - 1);
  name[sizeof name - 1] = 0;
  name[strcspn(name, ":")] = 0;
  const char *known = !strcmp(name, "P-256") ? "prime256v1" : !strcmp(name, "P-384") ? "secp384r1" : name;
  EC_KEY *key = EC_KEY_new_by_curve_name(OBJ_sn2nid(known));
  if (!key) return 0;
  SSL_CTX_set_tmp_ecdh(context, key);
  return 1;
}
#undef SSL_CTX_set_ecdh_auto
#define SSL_CTX_set_ecdh_auto(context, on) first_curve(context, "P-256")
#define SSL_CTX_set1_curves_list(context, list) first_curve(context, list)
#define SSL_CTX_set1_sigalgs_list(context, list) 1
#endif

#define main tlsback_main
#include TLSBACK
#undef main

/* Arguments come in TLSBACK_ARGS, separated by the byte 1. */
__attribute__((constructor)) static void run(void) {
  char *words = getenv("TLSBACK_ARGS"), *list[200];
  int count = 0;
  if (!words) return;
  words = strdup(words);
  list[count++] = "tlsback";
  for (char *word = strtok(words, "\x01"); word && count < 199; word = strtok(NULL, "\x01")) list[count++] = word;
  list[count] = NULL;
  exit(tlsback_main(count, list));
}
