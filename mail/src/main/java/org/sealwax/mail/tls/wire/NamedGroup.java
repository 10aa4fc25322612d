package org.sealwax.mail.tls.wire;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A key exchange group; the table is {@code groups.tsv}, from IANA "TLS Supported Groups".
 *
 * @param id number on the wire
 * @param label as IANA writes it
 * @param kind what sort of group
 * @param bits of classical security; 0 where anything may come
 */
public record NamedGroup(int id, String label, Kind kind, int bits) {
  /** What sort of group. */
  public enum Kind {
    /** A curve. */
    ELLIPTIC,
    /** A finite field (RFC 7919). */
    FIELD,
    /** ML-KEM alone. */
    KEM,
    /** A curve and ML-KEM together: traffic recorded today stays safe from a quantum computer. */
    HYBRID,
    /** A curve that the server makes up (RFC 4492 5.1.1; removed by RFC 8422). */
    EXPLICIT
  }

  /** X25519 with ML-KEM-768 (RFC 9794 vocabulary; draft-ietf-tls-ecdhe-mlkem). */
  public static final int X25519MLKEM768 = 0x11ec;

  /** x25519. */
  public static final int X25519 = 29;

  /** secp256r1. */
  public static final int SECP256R1 = 23;

  private static final Map<Integer, NamedGroup> TABLE = new HashMap<>();
  private static final List<NamedGroup> ALL = load();

  private static List<NamedGroup> load() {
    List<NamedGroup> all = new ArrayList<>();
    for (String[] row : RegistryTable.of("groups.tsv")) {
      NamedGroup group =
          new NamedGroup(
              Integer.parseInt(row[0], 16),
              row[1],
              Kind.valueOf(row[2].toUpperCase(Locale.ROOT)),
              Integer.parseInt(row[3]));
      all.add(group);
      TABLE.put(group.id, group);
    }
    return List.copyOf(all);
  }

  /** All groups of the table, by number. */
  public static List<NamedGroup> all() {
    return ALL;
  }

  /** The group with this number. */
  public static Optional<NamedGroup> of(int id) {
    return Optional.ofNullable(TABLE.get(id));
  }

  /** The IANA name, or {@code 0x1234} for a number without one here. */
  public static String name(int id) {
    NamedGroup group = TABLE.get(id);
    return group == null ? String.format(Locale.ROOT, "0x%04x", id) : group.label;
  }

  /** Whether traffic recorded today stays safe from a future quantum computer. */
  public boolean postQuantum() {
    return kind == Kind.HYBRID || kind == Kind.KEM;
  }
}
