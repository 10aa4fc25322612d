package org.sealwax.router.receive.auth;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.receive.SaslExchange;

/**
 * SCRAM-SHA-256 without channel binding (RFC 5802 sections 5 to 7, RFC 7677): the password never
 * travels, and the client learns that we know its keys.
 */
final class ScramServer implements SaslExchange {
  /** Bytes of a client's nonce: it comes back in our challenge. */
  static final int MAX_NONCE = 256;

  private final PasswordFile file;
  private final String serverNonce;
  private PasswordFile.@Nullable StoredUser entry;
  private boolean verified;
  private boolean over;
  private String user = "";
  private String gs2 = "";
  private String nonce = "";
  private String transcript = "";

  ScramServer(PasswordFile file, String serverNonce) {
    this.file = file;
    this.serverNonce = serverNonce;
  }

  @Override
  public SaslStep respond(byte[] response) {
    if (over) {
      throw new IllegalStateException("the exchange is over");
    }
    SaslStep step;
    if (verified) {
      // RFC 4954 4: the server's signature went as a challenge, its answer is empty.
      step = response.length == 0 ? new SaslStep.Accepted(user) : malformed();
    } else {
      Optional<String> text = SaslPrep.utf8(response);
      step =
          text.isEmpty()
              ? malformed()
              : entry == null ? first(text.get()) : last(text.get(), entry);
    }
    over = !(step instanceof SaslStep.Challenge);
    return step;
  }

  private static SaslStep malformed() {
    return new SaslStep.Failed(Kind.MALFORMED, "");
  }

  private SaslStep first(String message) {
    int flagEnd = message.indexOf(',');
    int headerEnd = flagEnd < 0 ? -1 : message.indexOf(',', flagEnd + 1);
    if (headerEnd < 0) {
      return malformed();
    }
    // n: cannot bind; y: could, but thinks that we cannot, which is so. p: binds without our offer.
    String flag = message.substring(0, flagEnd);
    if (!flag.equals("n") && !flag.equals("y")) {
      return malformed();
    }
    String authorize = message.substring(flagEnd + 1, headerEnd);
    String bare = message.substring(headerEnd + 1);
    // A mandatory extension (m=) stands first and is none that we know, so it fails here too.
    String[] parts = bare.split(",", -1);
    if (parts.length < 2 || !parts[0].startsWith("n=") || !parts[1].startsWith("r=")) {
      return malformed();
    }
    Optional<String> name = saslName(parts[0].substring(2));
    String clientNonce = parts[1].substring(2);
    if (name.isEmpty() || !isNonce(clientNonce)) {
      return malformed();
    }
    if (!authorize.isEmpty()) {
      Optional<String> other =
          authorize.startsWith("a=") ? saslName(authorize.substring(2)) : Optional.empty();
      if (other.isEmpty()) {
        return malformed();
      }
      if (!other.equals(name)) {
        return new SaslStep.Failed(Kind.CREDENTIALS, "");
      }
    }
    user = name.get();
    gs2 = message.substring(0, headerEnd + 1);
    nonce = clientNonce + serverNonce;
    PasswordFile.StoredUser found = file.find(user);
    entry = found;
    String challenge =
        "r="
            + nonce
            + ",s="
            + Base64.getEncoder().encodeToString(found.keys().salt())
            + ",i="
            + found.keys().iterations();
    transcript = bare + "," + challenge;
    return new SaslStep.Challenge(challenge);
  }

  private SaslStep last(String message, PasswordFile.StoredUser found) {
    int proofAt = message.lastIndexOf(",p=");
    if (proofAt < 0) {
      return malformed();
    }
    String withoutProof = message.substring(0, proofAt);
    String[] parts = withoutProof.split(",", -1);
    String binding = Base64.getEncoder().encodeToString(gs2.getBytes(StandardCharsets.UTF_8));
    if (parts.length < 2 || !parts[0].startsWith("c=") || !parts[1].startsWith("r=")) {
      return malformed();
    }
    byte[] proof;
    try {
      proof = Base64.getDecoder().decode(message.substring(proofAt + 3));
    } catch (IllegalArgumentException e) {
      return malformed();
    }
    String authMessage = transcript + "," + withoutProof;
    boolean proven = found.keys().isProof(proof, authMessage) && found.exists();
    boolean sameNonce = parts[1].substring(2).equals(nonce);
    boolean sameBinding = parts[0].substring(2).equals(binding);
    if (!proven || !sameNonce || !sameBinding) {
      return file.failure(found, user);
    }
    verified = true;
    byte[] signature = found.keys().serverSignature(authMessage);
    return new SaslStep.Challenge("v=" + Base64.getEncoder().encodeToString(signature));
  }

  // RFC 5802 5.1: "=2C" is a comma and "=3D" an equals sign; any other "=" is wrong.
  private static Optional<String> saslName(String text) {
    StringBuilder out = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c != '=') {
        out.append(c);
      } else if (text.startsWith("=2C", i)) {
        out.append(',');
        i += 2;
      } else if (text.startsWith("=3D", i)) {
        out.append('=');
        i += 2;
      } else {
        return Optional.empty();
      }
    }
    return SaslPrep.user(out.toString());
  }

  private static boolean isNonce(String text) {
    return !text.isEmpty()
        && text.length() <= MAX_NONCE
        && text.chars().allMatch(c -> c > ' ' && c < 0x7f && c != ',');
  }
}
