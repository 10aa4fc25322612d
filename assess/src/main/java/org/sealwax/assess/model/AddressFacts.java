package org.sealwax.assess.model;

import java.security.cert.X509Certificate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What probes saw at one address and other probes use: the chains of each certificate type, the
 * EHLO words, versions. Certificate checks, DANE and the comparison of hosts read it. Thread-safe.
 */
public final class AddressFacts {
  private final Map<String, List<X509Certificate>> chains = new LinkedHashMap<>();
  private final Map<String, byte[]> staples = new LinkedHashMap<>();
  private final Set<String> versions = new TreeSet<>();
  private Set<String> ehloUnderTls = Set.of();
  private String banner = "";
  private boolean answered;
  private boolean tls;
  private boolean typesComplete;
  private boolean withoutStarttls;

  /**
   * A chain as the server sent it; the first one of a type stays.
   *
   * @param type algorithm of the leaf's key: {@code RSA}, {@code EC}, {@code EdDSA}, …
   * @param chain leaf first, not empty
   */
  public synchronized void chain(String type, List<X509Certificate> chain) {
    chains.putIfAbsent(type, List.copyOf(chain));
  }

  /** Chains by the algorithm of the leaf's key. */
  public synchronized Map<String, List<X509Certificate>> chains() {
    return new LinkedHashMap<>(chains);
  }

  /** It was tried to see one chain of each type: what is not in {@link #chains} is not there. */
  public synchronized void allKeyTypesTried() {
    typesComplete = true;
  }

  /** Whether each type of certificate was asked for. */
  public synchronized boolean typesComplete() {
    return typesComplete;
  }

  /** A stapled OCSP answer (DER) that came with the chain of a type. */
  public synchronized void staple(String type, byte[] answer) {
    staples.putIfAbsent(type, answer.clone());
  }

  /** The stapled OCSP answer of a type. */
  public synchronized Optional<byte[]> staple(String type) {
    return Optional.ofNullable(staples.get(type)).map(byte[]::clone);
  }

  /** A version that the server supports: {@code TLSv1.3}, {@code SSLv3}. */
  public synchronized void version(String version) {
    versions.add(version);
  }

  /** Versions that the server supports, as far as seen. */
  public synchronized Set<String> versions() {
    return new TreeSet<>(versions);
  }

  /** EHLO words under TLS. */
  public synchronized void ehloUnderTls(Set<String> words) {
    ehloUnderTls = new TreeSet<>(words);
  }

  /** EHLO words under TLS; empty when none were seen. */
  public synchronized Set<String> ehloUnderTls() {
    return new TreeSet<>(ehloUnderTls);
  }

  /** The text of the greeting. */
  public synchronized void banner(String text) {
    banner = text;
  }

  /** The text of the greeting; empty when none was seen. */
  public synchronized String banner() {
    return banner;
  }

  /** A TCP connection succeeded. */
  public synchronized void answers() {
    answered = true;
  }

  /** Whether a TCP connection succeeded. */
  public synchronized boolean answered() {
    return answered;
  }

  /** A TLS handshake, or as much of one as was needed, succeeded. */
  public synchronized void speaksTls() {
    tls = true;
  }

  /** Whether a TLS handshake succeeded. */
  public synchronized boolean tls() {
    return tls;
  }

  /** EHLO was answered, and no connection offered STARTTLS. */
  public synchronized void starttlsMissing() {
    withoutStarttls = true;
  }

  /** Whether EHLO was answered and STARTTLS was offered on no connection. */
  public synchronized boolean withoutStarttls() {
    return withoutStarttls;
  }
}
