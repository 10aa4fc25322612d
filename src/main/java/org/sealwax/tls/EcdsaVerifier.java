package org.sealwax.tls;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.InvalidParameterException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.PublicKey;
import java.security.Security;
import java.security.SignatureException;
import java.security.SignatureSpi;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.crypto.ec.CustomNamedCurves;
import org.bouncycastle.crypto.params.ECDomainParameters;
import org.bouncycastle.crypto.params.ECPublicKeyParameters;
import org.bouncycastle.crypto.signers.ECDSASigner;
import org.bouncycastle.crypto.signers.StandardDSAEncoding;
import org.jspecify.annotations.Nullable;

/**
 * Checks ECDSA signatures on P-256 and P-384 (FIPS 186-5 section 6.4.2) two to five times faster
 * than the JDK's own provider does, for the DNSSEC validator and for chains of certificates, which
 * both ask the JDK for a {@code Signature}: with {@link #install} the JDK asks here first. Signing,
 * other curves and other hashes stay with the JDK.
 *
 * <p>What held is remembered: the keys of the zones above are checked for every new domain, and
 * whether a signature holds is a fact about octets that no time changes. Only that is remembered;
 * when a record, a key or a certificate is valid is looked at by those who ask. Thread-safe
 * (docs/adr/1230).
 */
public final class EcdsaVerifier {
  /** The name among the JDK's providers. */
  static final String PROVIDER = "SealwaxEcdsa";

  /** Signatures remembered: the zones and authorities above a large queue, at 100 octets each. */
  static final int MAX_REMEMBERED = 4_096;

  private static final List<String> HASHES = List.of("SHA-256", "SHA-384");

  private EcdsaVerifier() {}

  /** Puts it before the JDK's own, once for the process; cheap when it is there. */
  public static synchronized void install() {
    if (Security.getProvider(PROVIDER) == null) {
      Security.insertProviderAt(new Offer(), 1);
    }
  }

  /** A curve as the JDK names it and as Bouncy Castle computes on it. */
  private record Curve(ECParameterSpec spec, ECDomainParameters domain, int octets) {
    static Curve of(String name) {
      try {
        AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
        parameters.init(new ECGenParameterSpec(name));
        X9ECParameters x9 = CustomNamedCurves.getByName(name);
        return new Curve(
            parameters.getParameterSpec(ECParameterSpec.class),
            new ECDomainParameters(x9.getCurve(), x9.getG(), x9.getN(), x9.getH()),
            (x9.getN().bitLength() + 7) / 8);
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("every JDK knows " + name, e);
      }
    }

    /**
     * Whether the key lies on exactly this curve with this generator: a key that brings a generator
     * of its own (CVE-2020-0601) is none of ours.
     */
    boolean has(ECPublicKey key) {
      ECParameterSpec other = key.getParams();
      return other != null
          && spec.getCurve().equals(other.getCurve())
          && spec.getGenerator().equals(other.getGenerator())
          && spec.getOrder().equals(other.getOrder())
          && spec.getCofactor() == other.getCofactor();
    }
  }

  /** Loaded when the first key is looked at. */
  private static final class Curves {
    private static final List<Curve> ALL = List.of(Curve.of("secp256r1"), Curve.of("secp384r1"));

    static Optional<Curve> of(ECPublicKey key) {
      return ALL.stream().filter(curve -> curve.has(key)).findFirst();
    }
  }

  /** Without loading anything for whoever wants to sign. */
  private static Optional<Curve> curveOf(@Nullable Object key) {
    return key instanceof ECPublicKey ec ? Curves.of(ec) : Optional.empty();
  }

  /** The SHA-256 of curve, hash, key and signature: two that differ are never taken for one. */
  private record Fact(long a, long b, long c, long d) {}

  private static final Cache<Fact, Boolean> HELD =
      Caffeine.newBuilder().maximumSize(MAX_REMEMBERED).executor(Runnable::run).build();

  private static final class Offer extends Provider {
    private static final long serialVersionUID = 1L;

    Offer() {
      super(PROVIDER, "1", "checks ECDSA signatures on P-256 and P-384");
      for (String hash : HASHES) {
        putService(new Check(this, hash));
      }
    }
  }

  private static final class Check extends Provider.Service {
    private final String hash;

    Check(Provider provider, String hash) {
      super(
          provider,
          "Signature",
          hash.replace("-", "") + "withECDSA",
          Checking.class.getName(),
          null,
          null);
      this.hash = hash;
    }

    @Override
    public Object newInstance(@Nullable Object parameter) throws NoSuchAlgorithmException {
      return new Checking(hash);
    }

    @Override
    public boolean supportsParameter(@Nullable Object parameter) {
      return curveOf(parameter).isPresent();
    }
  }

  private static final class Checking extends SignatureSpi {
    private final String hash;
    private final MessageDigest digest;
    private @Nullable Curve curve;
    private @Nullable ECPoint point;

    Checking(String hash) throws NoSuchAlgorithmException {
      this.hash = hash;
      this.digest = MessageDigest.getInstance(hash);
    }

    @Override
    protected void engineInitVerify(PublicKey key) throws InvalidKeyException {
      curve =
          curveOf(key)
              .orElseThrow(() -> new InvalidKeyException("neither P-256 nor P-384: for another"));
      point = ((ECPublicKey) key).getW();
      digest.reset();
    }

    @Override
    protected void engineInitSign(PrivateKey key) throws InvalidKeyException {
      // The JDK goes on to the next provider.
      throw new InvalidKeyException("signs nothing");
    }

    @Override
    protected void engineUpdate(byte b) {
      digest.update(b);
    }

    @Override
    protected void engineUpdate(byte[] octets, int from, int length) {
      digest.update(octets, from, length);
    }

    @Override
    protected void engineUpdate(ByteBuffer octets) {
      digest.update(octets);
    }

    @Override
    protected boolean engineVerify(byte[] signature) throws SignatureException {
      byte[] hashed = digest.digest();
      Curve on = curve;
      ECPoint key = point;
      if (on == null || key == null) {
        throw new SignatureException("no key");
      }
      if (key.equals(ECPoint.POINT_INFINITY)) {
        return false;
      }
      Fact fact = fact(on, key, hashed, signature);
      if (HELD.getIfPresent(fact) != null) {
        return true;
      }
      boolean holds = holds(on, key, hashed, signature);
      if (holds) {
        HELD.put(fact, true);
      }
      return holds;
    }

    private static boolean holds(Curve on, ECPoint key, byte[] hashed, byte[] signature)
        throws SignatureException {
      BigInteger[] rs = numbers(on, signature);
      try {
        ECPublicKeyParameters parameters =
            new ECPublicKeyParameters(
                on.domain().getCurve().createPoint(key.getAffineX(), key.getAffineY()),
                on.domain());
        ECDSASigner signer = new ECDSASigner();
        signer.init(false, parameters);
        return signer.verifySignature(hashed, rs[0], rs[1]);
      } catch (IllegalArgumentException | ArithmeticException e) {
        throw new SignatureException("no key of this curve", e);
      }
    }

    /** Strict DER (RFC 3279 2.2.3), and both numbers between 1 and the order. */
    private static BigInteger[] numbers(Curve on, byte[] signature) throws SignatureException {
      // Three heads of two octets, and two numbers with one octet for the sign.
      if (signature.length > 2 * on.octets() + 8) {
        throw new SignatureException("too long for a signature of this curve");
      }
      try {
        return StandardDSAEncoding.INSTANCE.decode(on.domain().getN(), signature);
      } catch (IOException | RuntimeException e) {
        // The library throws both for broken DER.
        throw new SignatureException("no ECDSA signature", e);
      }
    }

    private Fact fact(Curve on, ECPoint key, byte[] hashed, byte[] signature)
        throws SignatureException {
      try {
        MessageDigest all = MessageDigest.getInstance("SHA-256");
        // Lengths follow from curve and hash, so that no two facts share their octets.
        all.update((byte) on.octets());
        all.update((byte) hash.length());
        all.update((byte) hashed.length);
        all.update(hashed);
        update(all, key.getAffineX().toByteArray());
        update(all, key.getAffineY().toByteArray());
        all.update(signature);
        ByteBuffer out = ByteBuffer.wrap(all.digest());
        return new Fact(out.getLong(), out.getLong(), out.getLong(), out.getLong());
      } catch (NoSuchAlgorithmException e) {
        throw new SignatureException("every JDK knows SHA-256", e);
      }
    }

    private static void update(MessageDigest digest, byte[] number) {
      digest.update((byte) number.length);
      digest.update(number);
    }

    @Override
    @Deprecated
    protected void engineSetParameter(String name, Object value) {
      throw new InvalidParameterException("no parameters");
    }

    @Override
    @Deprecated
    protected Object engineGetParameter(String name) {
      throw new InvalidParameterException("no parameters");
    }

    @Override
    protected byte[] engineSign() throws SignatureException {
      throw new SignatureException("signs nothing");
    }
  }
}
