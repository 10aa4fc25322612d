package org.sealwax.app;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodTransform;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.lang.reflect.AccessFlag;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.ProtectionDomain;
import java.sql.ResultSet;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.spool.QueueId;

/**
 * Makes methods of the program (CLASS#METHOD, several joined by +) fail whenever one of its
 * arguments is about one message, as a fault of the program or of a library would: an agent of the
 * Java machine, so that nothing in the program itself knows about it. The message is the one whose
 * identifier is in a file.
 */
public final class FaultAgent {
  private static Path file = Path.of("");
  private static String kind = "";

  /** Calls of methods, by {@code CLASS#METHOD}. */
  private static final Map<String, Integer> ROUNDS = new ConcurrentHashMap<>();

  private FaultAgent() {}

  /** The option for Java in the environment. */
  static String option(Path folder, String method, String kind, Path identifier)
      throws IOException {
    Path jar = folder.resolve("fault.jar");
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().putValue("Premain-Class", FaultAgent.class.getName());
    try (OutputStream out = Files.newOutputStream(jar)) {
      new JarOutputStream(out, manifest).close();
    }
    return "-javaagent:" + jar + "=" + method + "," + kind + "," + identifier;
  }

  /** Begins before the program. */
  public static void premain(String argument, Instrumentation instrumentation) {
    String[] parts = argument.split(",", 3);
    Map<String, String> methods = new HashMap<>();
    for (String each : parts[0].split("\\+")) {
      String[] method = each.split("#", 2);
      methods.put(method[0], method[1]);
    }
    kind = parts[1];
    file = Path.of(parts[2]);
    instrumentation.addTransformer(
        new ClassFileTransformer() {
          @Override
          public byte @Nullable [] transform(
              @Nullable ClassLoader loader,
              String name,
              @Nullable Class<?> redefined,
              @Nullable ProtectionDomain domain,
              byte[] bytes) {
            String method = methods.get(name.replace('/', '.'));
            return method == null
                ? null
                : changed(bytes, name.substring(name.lastIndexOf('/') + 1), method);
          }
        });
  }

  /** A method that is not there ends the process: a fault that never comes would prove nothing. */
  private static byte[] changed(byte[] bytes, String owner, String method) {
    ClassFile file = ClassFile.of();
    if (file.parse(bytes).methods().stream().noneMatch(m -> m.methodName().equalsString(method))) {
      System.err.println("no method " + method);
      Runtime.getRuntime().halt(99);
    }
    return file.transformClass(
        file.parse(bytes),
        (ClassTransform)
            (builder, element) -> {
              if (element instanceof java.lang.classfile.MethodModel m
                  && m.methodName().equalsString(method)) {
                builder.transformMethod(
                    m,
                    body(
                        owner + "#" + method,
                        m.methodTypeSymbol(),
                        m.flags().has(AccessFlag.STATIC)));
              } else {
                builder.with(element);
              }
            });
  }

  private static MethodTransform body(String method, MethodTypeDesc type, boolean isStatic) {
    return MethodTransform.transformingCode(
        new CodeTransform() {
          @Override
          public void atStart(java.lang.classfile.CodeBuilder code) {
            if (kind.equals("rounds") || kind.equals("always")) {
              code.loadConstant(method);
              code.invokestatic(
                  ClassDesc.of(FaultAgent.class.getName()),
                  "round",
                  MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_String));
              return;
            }
            int slot = isStatic ? 0 : 1;
            for (ClassDesc parameter : type.parameterList()) {
              if (!parameter.isPrimitive()) {
                code.aload(slot);
                code.invokestatic(
                    ClassDesc.of(FaultAgent.class.getName()),
                    "meet",
                    MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_Object));
              }
              slot += TypeKind.from(parameter).slotSize();
            }
          }

          @Override
          public void accept(
              java.lang.classfile.CodeBuilder code, java.lang.classfile.CodeElement element) {
            code.with(element);
          }
        });
  }

  /**
   * Called at the begin of a round of a loop: all fail, or the first two, and the third reports it.
   */
  public static void round(String method) {
    int count = kind.equals("always") ? 1 : ROUNDS.merge(method, 1, Integer::sum);
    switch (count) {
      case 1 -> throw new IllegalStateException("injected into " + method);
      case 2 -> throw new NoSuchMethodError("injected into " + method);
      case 3 -> System.err.println("goes on: " + method);
      default -> {}
    }
  }

  /** Called with each argument. */
  public static void meet(@Nullable Object argument) throws Exception {
    if (argument == null || !Files.exists(file)) {
      return;
    }
    String id = Files.readString(file).trim();
    if (id.isEmpty() || !about(argument).contains(id)) {
      return;
    }
    switch (kind) {
      case "halt" -> Runtime.getRuntime().halt(134); // as after abort(3) in a library
      case "error" -> throw new NoSuchMethodError("injected");
      case "bug" -> throw new IllegalStateException("injected");
      default -> throw new AssertionError(kind);
    }
  }

  private static String about(Object argument) throws Exception {
    if (argument instanceof ResultSet row) {
      return QueueId.of(row.getLong(1)).text();
    }
    if (argument instanceof long[] key) {
      return key[0] < 0 ? "" : QueueId.of(key[0]).text();
    }
    String text = String.valueOf(argument);
    for (Field field : argument.getClass().getDeclaredFields()) {
      if (field.getName().equals("key")
          && argument.getClass().getName().startsWith("org.sealwax.")) {
        field.setAccessible(true);
        text += field.get(argument);
      }
    }
    return text;
  }
}
