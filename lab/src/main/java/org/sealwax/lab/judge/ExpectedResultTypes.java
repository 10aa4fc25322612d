package org.sealwax.lab.judge;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Result types of TLS reports (RFC 8460 section 4.3), and which of them are right about the test
 * cases of the lab in which a session fails or would fail. Where the RFC's words fit a failure in
 * two ways, both are right; {@code validation-failure} is the RFC's own word for failures that none
 * of the others covers.
 */
final class ExpectedResultTypes {
  private static final String NO_STARTTLS = "starttls-not-supported";
  private static final String MISMATCH = "certificate-host-mismatch";
  private static final String EXPIRED = "certificate-expired";
  private static final String UNTRUSTED = "certificate-not-trusted";
  private static final String FAILURE = "validation-failure";
  private static final String TLSA = "tlsa-invalid";
  private static final String DNSSEC = "dnssec-invalid";
  private static final String FETCH = "sts-policy-fetch-error";
  private static final String POLICY = "sts-policy-invalid";
  private static final String WEBPKI = "sts-webpki-invalid";

  static final Set<String> KNOWN =
      Set.of(
          NO_STARTTLS,
          MISMATCH,
          EXPIRED,
          UNTRUSTED,
          FAILURE,
          TLSA,
          DNSSEC,
          "dane-required",
          FETCH,
          POLICY,
          WEBPKI);

  private static final Map<String, Set<String>> RIGHT = table();

  private ExpectedResultTypes() {}

  /**
   * The types that are right about a test case, by its label; test cases that are not there do not
   * fail.
   */
  static Map<String, Set<String>> right() {
    return RIGHT;
  }

  private static final class ResultTypeTable {
    private final Map<String, Set<String>> rows = new HashMap<>();

    void put(Set<String> types, String... labels) {
      for (String label : labels) {
        if (rows.put(label, types) != null) {
          throw new IllegalStateException(label + " is listed twice");
        }
      }
    }
  }

  private static Map<String, Set<String>> table() {
    ResultTypeTable t = new ResultTypeTable();
    t.put(Set.of(NO_STARTTLS), "b2", "b3", "b5", "b6", "b14s", "b14d", "b15s", "b15d");
    t.put(Set.of(NO_STARTTLS), "b7as", "b7ad", "b7bs", "b7bd", "b7cs", "b7cd", "e11", "f17", "f8d");
    t.put(Set.of(NO_STARTTLS, FAILURE), "b10s", "b10d");
    t.put(Set.of(FAILURE), "c1s", "c1d", "c4s", "c4d", "c5s", "c5d", "c6s", "c6d", "c7s", "c7d");
    t.put(Set.of(FAILURE), "c22as", "c22ad", "c22bs", "c22bd");
    t.put(Set.of(FAILURE, UNTRUSTED), "c14s", "c14d");
    t.put(Set.of(EXPIRED), "d1s", "d1t");
    t.put(Set.of(UNTRUSTED, EXPIRED), "d2s", "d2t");
    t.put(Set.of(UNTRUSTED), "d3s", "d3t", "d4s", "d4t", "c29", "f2", "f6");
    t.put(Set.of(MISMATCH), "d5s", "d5t", "d6", "d8a", "d8b", "d9");
    t.put(Set.of(UNTRUSTED, FAILURE), "d11", "d12", "d14", "d15", "d16", "d17");
    t.put(Set.of(UNTRUSTED, MISMATCH), "d18");
    t.put(Set.of(FAILURE, TLSA), "e3", "e24", "e27");
    t.put(Set.of(FAILURE, TLSA, MISMATCH), "e6");
    t.put(Set.of(FAILURE, TLSA, UNTRUSTED), "e7");
    t.put(Set.of(FAILURE, TLSA, EXPIRED), "e8");
    t.put(Set.of(DNSSEC, TLSA), "e14", "e15", "e16", "e17a", "e17b");
    t.put(Set.of(MISMATCH, FAILURE), "f3", "f5", "f15a", "f15b");
    t.put(Set.of(WEBPKI), "f8a", "f8b", "f8c");
    t.put(Set.of(FETCH), "f9", "f10a", "f10b");
    t.put(Set.of(FETCH, POLICY), "f11");
    return Map.copyOf(t.rows);
  }
}
