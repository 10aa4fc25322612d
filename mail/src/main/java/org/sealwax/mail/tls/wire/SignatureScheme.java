package org.sealwax.mail.tls.wire;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A signature scheme, or the pair of hash and signature that was its number before TLS 1.3; the
 * table is {@code schemes.tsv}, from IANA "TLS SignatureScheme".
 *
 * @param id number on the wire
 * @param label as IANA writes it, or made after the same pattern for the pairs of RFC 5246
 * @param hash {@code md5}, {@code sha1}, {@code sha224}, …, or {@code intrinsic}
 */
public record SignatureScheme(int id, String label, String hash) {
  private static final Map<Integer, SignatureScheme> TABLE = new HashMap<>();
  private static final List<SignatureScheme> ALL = load();

  private static List<SignatureScheme> load() {
    List<SignatureScheme> all = new ArrayList<>();
    for (String[] row : RegistryTable.of("schemes.tsv")) {
      SignatureScheme scheme = new SignatureScheme(Integer.parseInt(row[0], 16), row[1], row[2]);
      all.add(scheme);
      TABLE.put(scheme.id, scheme);
    }
    return List.copyOf(all);
  }

  /** All schemes of the table, by number. */
  public static List<SignatureScheme> all() {
    return ALL;
  }

  /** The scheme with this number. */
  public static Optional<SignatureScheme> of(int id) {
    return Optional.ofNullable(TABLE.get(id));
  }

  /** The name, or {@code 0x1234} for a number without one here. */
  public static String name(int id) {
    SignatureScheme scheme = TABLE.get(id);
    return scheme == null ? String.format(Locale.ROOT, "0x%04x", id) : scheme.label;
  }

  /** MD5 or SHA-1, which must not sign a handshake (RFC 9155). */
  public boolean brokenHash() {
    return hash.equals("md5") || hash.equals("sha1");
  }
}
