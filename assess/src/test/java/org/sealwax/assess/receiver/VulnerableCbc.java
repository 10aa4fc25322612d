package org.sealwax.assess.receiver;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.tls.AlertDescription;
import org.bouncycastle.tls.ProtocolVersion;
import org.bouncycastle.tls.TlsFatalAlert;
import org.bouncycastle.tls.crypto.TlsCipher;
import org.bouncycastle.tls.crypto.TlsCryptoParameters;
import org.bouncycastle.tls.crypto.TlsDecodeResult;
import org.bouncycastle.tls.crypto.TlsEncodeResult;
import org.bouncycastle.tls.crypto.impl.TlsImplUtils;

/**
 * AES-128-CBC with HMAC-SHA-1 of TLS 1.2 (RFC 5246 6.2.3.2), server's end, that looks at the last
 * byte of the padding and at none of the others: CVE-2014-8730.
 */
final class VulnerableCbc implements TlsCipher {
  private static final int BLOCK = 16;
  private static final int MAC = 20;
  private static final int KEY = 16;

  private final SecureRandom random = new SecureRandom();
  private final SecretKeySpec readMac;
  private final SecretKeySpec writeMac;
  private final SecretKeySpec readKey;
  private final SecretKeySpec writeKey;

  VulnerableCbc(TlsCryptoParameters parameters) {
    // RFC 5246 6.3: client's MAC, server's MAC, client's key, server's key.
    byte[] block = TlsImplUtils.calculateKeyBlock(parameters, 2 * MAC + 2 * KEY);
    readMac = new SecretKeySpec(block, 0, MAC, "HmacSHA1");
    writeMac = new SecretKeySpec(block, MAC, MAC, "HmacSHA1");
    readKey = new SecretKeySpec(block, 2 * MAC, KEY, "AES");
    writeKey = new SecretKeySpec(block, 2 * MAC + KEY, KEY, "AES");
  }

  private static byte[] mac(
      SecretKeySpec key, long number, short type, byte[] bytes, int from, int length)
      throws GeneralSecurityException {
    Mac mac = Mac.getInstance("HmacSHA1");
    mac.init(key);
    mac.update(
        ByteBuffer.allocate(13)
            .putLong(number)
            .put((byte) type)
            .putShort((short) 0x0303)
            .putShort((short) length)
            .array());
    mac.update(bytes, from, length);
    return mac.doFinal();
  }

  private static byte[] cbc(int mode, SecretKeySpec key, byte[] iv, byte[] bytes)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/CBC/NoPadding");
    cipher.init(mode, key, new IvParameterSpec(iv));
    return cipher.doFinal(bytes);
  }

  @Override
  public TlsEncodeResult encodePlaintext(
      long number,
      short type,
      ProtocolVersion version,
      int offset,
      byte[] plain,
      int from,
      int length)
      throws IOException {
    try {
      int padding = BLOCK - (length + MAC) % BLOCK;
      byte[] block = new byte[length + MAC + padding];
      System.arraycopy(plain, from, block, 0, length);
      System.arraycopy(mac(writeMac, number, type, plain, from, length), 0, block, length, MAC);
      Arrays.fill(block, length + MAC, block.length, (byte) (padding - 1));
      byte[] iv = random.generateSeed(BLOCK);
      byte[] sealed = cbc(Cipher.ENCRYPT_MODE, writeKey, iv, block);
      byte[] out = new byte[offset + BLOCK + sealed.length];
      System.arraycopy(iv, 0, out, offset, BLOCK);
      System.arraycopy(sealed, 0, out, offset + BLOCK, sealed.length);
      return new TlsEncodeResult(out, 0, out.length, type);
    } catch (GeneralSecurityException e) {
      throw new IOException(e);
    }
  }

  @Override
  public TlsDecodeResult decodeCiphertext(
      long number, short type, ProtocolVersion version, byte[] sealed, int from, int length)
      throws IOException {
    try {
      byte[] iv = Arrays.copyOfRange(sealed, from, from + BLOCK);
      byte[] body = Arrays.copyOfRange(sealed, from + BLOCK, from + length);
      byte[] block = cbc(Cipher.DECRYPT_MODE, readKey, iv, body);
      int data = block.length - MAC - 1 - (block[block.length - 1] & 0xff);
      if (data < 0
          || !MessageDigest.isEqual(
              mac(readMac, number, type, block, 0, data),
              Arrays.copyOfRange(block, data, data + MAC))) {
        throw new TlsFatalAlert(AlertDescription.bad_record_mac);
      }
      return new TlsDecodeResult(block, 0, data, type);
    } catch (GeneralSecurityException e) {
      throw new TlsFatalAlert(AlertDescription.bad_record_mac, e);
    }
  }

  @Override
  public int getCiphertextDecodeLimit(int plain) {
    return plain + BLOCK + MAC + 256;
  }

  @Override
  public int getCiphertextEncodeLimit(int plain) {
    return plain + BLOCK + MAC + 256;
  }

  @Override
  public int getPlaintextDecodeLimit(int sealed) {
    return sealed - BLOCK - MAC - 1;
  }

  @Override
  public int getPlaintextEncodeLimit(int sealed) {
    return sealed - BLOCK - MAC - BLOCK;
  }

  @Override
  public void rekeyDecoder() {
    throw new UnsupportedOperationException("TLS 1.2 has no new keys on the way");
  }

  @Override
  public void rekeyEncoder() {
    throw new UnsupportedOperationException("TLS 1.2 has no new keys on the way");
  }

  @Override
  public boolean usesOpaqueRecordTypeDecode() {
    return false;
  }

  @Override
  public boolean usesOpaqueRecordTypeEncode() {
    return false;
  }
}
