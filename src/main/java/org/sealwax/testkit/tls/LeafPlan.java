package org.sealwax.testkit.tls;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * What a certificate is to be like.
 *
 * @param names DNS names, written as they are: {@code *.*.example} too
 * @param term when it is valid
 * @param issuer who signs it
 * @param key of which kind
 * @param oddities what else is wrong with it
 * @param chainOctets the chain is filled up with strangers to about this size; 0: not
 */
public record LeafPlan(
    List<String> names,
    Term term,
    Issuer issuer,
    KeyKind key,
    Set<Oddity> oddities,
    int chainOctets) {
  /** Octets of a chain at most: what a trap of 200 KB needs, within TLS's 16 MB. */
  public static final int MAX_CHAIN = 256 * 1_024;

  /** When. */
  public enum Term {
    /** Since an hour ago, for 90 days. */
    NOW,
    /** Until ten days ago. */
    PAST,
    /** From in ten days on. */
    FUTURE
  }

  /** By whom. */
  public enum Issuer {
    /** The lab's intermediate authority, under its root. */
    LAB,
    /** Its own key. */
    SELF,
    /** An authority that nobody has as a root. */
    STRANGER,
    /** An intermediate of the lab's that may sign for {@code elsewhere.invalid} only. */
    CONSTRAINED,
    /** A certificate of the lab's that is no authority. */
    LEAF
  }

  /** Of which kind. */
  public enum KeyKind {
    P256,
    RSA_2048,
    RSA_1024,
    ED25519,
    /** RFC 9881; only TLS 1.3 can use it. */
    ML_DSA_65
  }

  /** What else. */
  public enum Oddity {
    /** The name is in the subject's common name only. */
    COMMON_NAME_ONLY,
    /** The names are IP addresses. */
    IP_NAMES,
    /** The first name goes on behind a NUL. */
    NUL_IN_NAME,
    /** Signed with SHA-1. */
    SHA1,
    /** The chain is the leaf alone. */
    WITHOUT_INTERMEDIATE,
    /** The chain ends with the root. */
    WITH_ROOT,
    /** For clients only. */
    CLIENT_PURPOSE,
    /** A critical extension that nobody knows. */
    UNKNOWN_CRITICAL,
    /** Is an authority itself. */
    AUTHORITY,
    /** RFC 7633 asks for a staple; there is one only with one of the next two. */
    MUST_STAPLE,
    /** An OCSP answer of its issuer is stapled, which says that it is good. */
    STAPLED,
    /** An OCSP answer of its issuer is stapled, which says that it is revoked. */
    REVOKED
  }

  /** Copies and checks. */
  public LeafPlan {
    names = List.copyOf(names);
    oddities = Set.copyOf(oddities);
    if (names.isEmpty() || chainOctets < 0 || chainOctets > MAX_CHAIN) {
      throw new IllegalArgumentException("a name, and a chain of at most " + MAX_CHAIN);
    }
  }

  /** A good one. */
  public static LeafPlan of(String... names) {
    return new LeafPlan(List.of(names), Term.NOW, Issuer.LAB, KeyKind.P256, Set.of(), 0);
  }

  /** The same for other names. */
  public LeafPlan withNames(String... others) {
    return new LeafPlan(List.of(others), term, issuer, key, oddities, chainOctets);
  }

  /** The same at another time. */
  public LeafPlan with(Term other) {
    return new LeafPlan(names, other, issuer, key, oddities, chainOctets);
  }

  /** The same from another issuer. */
  public LeafPlan with(Issuer other) {
    return new LeafPlan(names, term, other, key, oddities, chainOctets);
  }

  /** The same with another kind of key. */
  public LeafPlan with(KeyKind other) {
    return new LeafPlan(names, term, issuer, other, oddities, chainOctets);
  }

  /** The same with one more thing wrong. */
  public LeafPlan with(Oddity more) {
    EnumSet<Oddity> all = EnumSet.of(more);
    all.addAll(oddities);
    return new LeafPlan(names, term, issuer, key, all, chainOctets);
  }

  /** The same with a chain of about this many octets. */
  public LeafPlan withChain(int octets) {
    return new LeafPlan(names, term, issuer, key, oddities, octets);
  }
}
