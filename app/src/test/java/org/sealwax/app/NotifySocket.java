package org.sealwax.app;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A service manager's end of {@code NOTIFY_SOCKET}: a datagram Unix socket, which Java does not
 * have, by the C library.
 */
final class NotifySocket implements AutoCloseable {
  private static final int AF_UNIX = 1;
  private static final int SOCK_DGRAM = 2;
  private static final int SOL_SOCKET = 1;
  private static final int SO_RCVTIMEO = 20;
  private static final int PATH_ROOM = 108;
  private static final int LONGEST = 1024;
  private static final long PATIENCE = 180;

  private final Arena arena = Arena.ofShared();
  private final Linker linker = Linker.nativeLinker();
  private final int descriptor;

  /** Binds. */
  NotifySocket(Path path) throws Throwable {
    descriptor = (int) function("socket", ints(3)).invokeExact(AF_UNIX, SOCK_DGRAM, 0);
    byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
    if (descriptor < 0 || name.length >= PATH_ROOM) {
      throw new AssertionError("no socket at " + path);
    }
    MemorySegment address = arena.allocate(2 + PATH_ROOM);
    address.set(ValueLayout.JAVA_SHORT_UNALIGNED, 0, (short) AF_UNIX);
    MemorySegment.copy(name, 0, address, ValueLayout.JAVA_BYTE, 2, name.length);
    FunctionDescriptor bind =
        FunctionDescriptor.of(
            ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
    int bound = (int) function("bind", bind).invokeExact(descriptor, address, 2 + PATH_ROOM);
    MemorySegment wait = arena.allocate(ValueLayout.JAVA_LONG, 2);
    wait.setAtIndex(ValueLayout.JAVA_LONG, 0, PATIENCE);
    FunctionDescriptor option =
        FunctionDescriptor.of(
            ValueLayout.JAVA_INT,
            ValueLayout.JAVA_INT,
            ValueLayout.JAVA_INT,
            ValueLayout.JAVA_INT,
            ValueLayout.ADDRESS,
            ValueLayout.JAVA_INT);
    int set =
        (int)
            function("setsockopt", option)
                .invokeExact(descriptor, SOL_SOCKET, SO_RCVTIMEO, wait, 16);
    if (bound != 0 || set != 0) {
      throw new AssertionError("bind said " + bound + ", setsockopt " + set);
    }
  }

  @SuppressWarnings("restricted") // tests run with native access allowed
  private MethodHandle function(String name, FunctionDescriptor form) {
    return linker.downcallHandle(linker.defaultLookup().find(name).orElseThrow(), form);
  }

  private static FunctionDescriptor ints(int count) {
    FunctionDescriptor form = FunctionDescriptor.of(ValueLayout.JAVA_INT);
    for (int i = 0; i < count; i++) {
      form = form.appendArgumentLayouts(ValueLayout.JAVA_INT);
    }
    return form;
  }

  /** The next datagram. */
  String next() throws Throwable {
    MemorySegment text = arena.allocate(LONGEST);
    FunctionDescriptor receive =
        FunctionDescriptor.of(
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_INT,
            ValueLayout.ADDRESS,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_INT);
    long count = (long) function("recv", receive).invokeExact(descriptor, text, (long) LONGEST, 0);
    if (count < 0) {
      throw new AssertionError("nothing was told");
    }
    byte[] bytes = new byte[(int) count];
    MemorySegment.copy(text, ValueLayout.JAVA_BYTE, 0, bytes, 0, bytes.length);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    try {
      int closed = (int) function("close", ints(1)).invokeExact(descriptor);
      assert closed == 0;
    } catch (Throwable e) {
      throw new AssertionError(e);
    } finally {
      arena.close();
    }
  }
}
