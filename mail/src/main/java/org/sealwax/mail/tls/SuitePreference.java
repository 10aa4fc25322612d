package org.sealwax.mail.tls;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TlsVersion;

/**
 * Cipher suites in order of preference, for mail: opportunistic TLS takes what a peer has as long
 * as it is not broken, because the alternative is plaintext (RFC 7435, RFC 7672 1.3). Never RC4,
 * 3DES, export, NULL or anonymous suites (RFC 9325 4.1).
 */
final class SuitePreference {
  private static final List<String> TLS_1_3 =
      List.of("TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256");

  private static final List<String> FORWARD_SECRET =
      List.of(
          "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
          "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
          "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
          "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
          "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
          "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
          "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
          "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
          "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA");

  /**
   * Only where a floor below 1.2 accepts old peers, or as the last TLS offer before plaintext: most
   * of them are without forward secrecy.
   */
  private static final List<String> OLD =
      List.of(
          "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
          "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256",
          "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256",
          "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",
          "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
          "TLS_RSA_WITH_AES_256_GCM_SHA384",
          "TLS_RSA_WITH_AES_128_GCM_SHA256",
          "TLS_RSA_WITH_AES_256_CBC_SHA256",
          "TLS_RSA_WITH_AES_128_CBC_SHA256",
          "TLS_RSA_WITH_AES_256_CBC_SHA",
          "TLS_RSA_WITH_AES_128_CBC_SHA");

  private SuitePreference() {}

  /** What a client offers. */
  static List<String> forClient(ClientOffer offer) {
    List<String> out = new ArrayList<>(of(offer.floor()));
    if (offer.compatible()) {
      OLD.stream().filter(suite -> !out.contains(suite)).forEach(out::add);
    }
    return out;
  }

  static List<String> of(TlsFloor floor) {
    List<String> out = new ArrayList<>(TLS_1_3);
    out.addAll(FORWARD_SECRET);
    if (floor.lowest().compareTo(TlsVersion.TLS_1_2) < 0) {
      out.addAll(OLD);
    }
    return out;
  }

  /**
   * What a server takes: from TLS 1.2 on nothing with a MAC by SHA-1 (RFC 9325 4.2). A sender that
   * has nothing newer in 1.2 has 1.2 itself for a decade already; as a client we still take them,
   * where the alternative is plaintext.
   */
  static List<String> forServer(TlsFloor floor) {
    List<String> all = of(floor);
    return floor.lowest().compareTo(TlsVersion.TLS_1_2) < 0
        ? all
        : all.stream().filter(s -> !s.endsWith("_CBC_SHA")).toList();
  }

  /** Versions from the floor up to {@code highest}, by JSSE's names. */
  static String[] versions(TlsFloor floor, TlsVersion highest) {
    return Arrays.stream(TlsVersion.values())
        .filter(v -> v.compareTo(floor.lowest()) >= 0 && v.compareTo(highest) <= 0)
        .map(TlsVersion::label)
        .toArray(String[]::new);
  }

  /** Effective key bits by the suite's name; 0 when the name does not show them. */
  static int bits(String suite) {
    if (suite.contains("AES_256") || suite.contains("CHACHA20")) {
      return 256;
    }
    if (suite.contains("AES_128")) {
      return 128;
    }
    return suite.contains("3DES") ? 112 : 0;
  }
}
